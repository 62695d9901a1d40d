/**
 * Types of what the dashboard sends, for the checker only. The Go side is
 * pkg/schema for the catalogue and the samples.
 *
 * @typedef {"ok" | "warning" | "critical"} Severity
 * @typedef {"ok" | "warning" | "critical" | "stale" | "offline"} Mark What a host's mark shows: its severity, or that it is silent.
 *
 * @typedef {object} Reason
 * @property {Severity} severity
 * @property {string} metric Catalogue ID, such as "disk.usage_percent".
 * @property {string} [instance] Key in the group, such as a mount point.
 * @property {string} text One clause for people.
 * @property {string} [since] When it was first seen, RFC 3339; absent in the past.
 *
 * @typedef {object} Reading
 * @property {string} metric
 * @property {string} [instance]
 * @property {number} value
 *
 * @typedef {object} Summary
 * @property {string} name
 * @property {"online" | "stale" | "offline"} state
 * @property {Severity} severity
 * @property {Reason[] | null} [reasons]
 * @property {string} since When the state began, RFC 3339.
 * @property {string} [seen] When the last sample came, RFC 3339; absent when none has.
 * @property {string} [timestamp] When the host took it, by its own clock.
 * @property {number} interval_seconds
 * @property {string[] | null} [tags]
 * @property {string} [os]
 * @property {string} [os_version]
 * @property {string} [kernel]
 * @property {string} [architecture]
 * @property {string} [agent_version]
 * @property {Reading[] | null} [readings]
 *
 * @typedef {Record<string, unknown>} Fields
 * @typedef {Record<string, unknown>} Stats A sample as the agent sent it.
 *
 * @typedef {object} Detail
 * @property {Summary} host
 * @property {Stats | null} stats
 *
 * @typedef {object} Broker
 * @property {boolean} connected
 * @property {boolean} embedded
 * @property {string} address
 * @property {string} since
 * @property {string} [error]
 *
 * @typedef {object} History Whether the past can be read and is written.
 * @property {boolean} open
 * @property {string} [error] Why samples are not remembered.
 * @property {string} since
 * @property {string[]} [crowded] Hosts with more series than are remembered.
 *
 * @typedef {object} Line What one metric of one instance was, at each moment; null is a gap.
 * @property {string} metric
 * @property {string} [instance]
 * @property {string} [name] What it is called where a name of its own is known.
 * @property {(number | null)[]} mean
 * @property {(number | null)[]} [low]
 * @property {(number | null)[]} [high]
 * @property {(number | null)[]} [before] The means of an earlier time, at the same places.
 *
 * @typedef {object} Chart
 * @property {number} step Seconds of one moment, or 0 where each is one sample.
 * @property {number[]} times Seconds since 1970.
 * @property {Line[]} lines
 * @property {boolean} [cut] There are more lines.
 * @property {number} [all] How many there are, where that is known.
 *
 * @typedef {object} Happening Something that happened to a host.
 * @property {string} kind "offline", "boot", or what has changed.
 * @property {number} at Seconds since 1970.
 * @property {number | null} end When it was over.
 * @property {string} [from]
 * @property {string} [to]
 *
 * @typedef {object} Moment A host as it was.
 * @property {string} at
 * @property {string} [before] When the sample before was taken.
 * @property {string} [after]
 * @property {string} since The oldest that is kept.
 * @property {Detail} detail
 *
 * @typedef {object} Snapshot
 * @property {string} now
 * @property {string} version
 * @property {number} stale_after_intervals
 * @property {Broker} broker
 * @property {History | null} history
 * @property {Summary[] | null} hosts
 * @property {Detail | null} detail
 *
 * @typedef {object} Metric
 * @property {string} id
 * @property {string} label
 * @property {string} unit
 * @property {"main" | "detail"} [rank] absent for what the page does not know
 * @property {string} help
 *
 * @typedef {object} Group
 * @property {string} name
 * @property {string} label
 * @property {string} [instance]
 * @property {Metric[]} metrics
 */

export {};
