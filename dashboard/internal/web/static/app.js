// Entry of the page: puts the shell into the body and opens the stream.

import { effect } from "./vendor/signals.js";
import { render } from "./vendor/preact.js";
import { html } from "./html.js";
import { listen } from "./keys.js";
import { live } from "./live.js";
import { keepPast } from "./rewind.js";
import { route } from "./router.js";
import { Shell } from "./shell.js";
import { showTitle } from "./title.js";

document.body.replaceChildren();
render(html`<${Shell} />`, document.body);
listen();
showTitle();
keepPast();
effect(() => live.watch(route.value.host));
