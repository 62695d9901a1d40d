// Package fleet is what the dashboard knows of every host now: its last
// sample, whether it is alive, and what is wrong with it. It keeps no past
// and talks to nobody: [Fleet.Sample], [Fleet.Status] and [Fleet.Forget] put
// in what arrived, [Fleet.Tick] lets time pass, and the readers get copies.
//
// Whoever passes changes on waits for [Fleet.Wake] and takes them with
// [Fleet.Changes], so that a slow reader holds up nothing and a host that
// changed ten times meanwhile is passed on once.
package fleet
