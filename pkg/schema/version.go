package schema

// Version is the release of Systant that this source makes: agent, dashboard
// and vocabulary are released together.
const Version = "0.1.0"
