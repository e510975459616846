// Package setting holds the switches that are changed while the server runs: how many messages a newcomer gets, whether guests
// may speak, who is an application administrator. Each has a configured value, from flag, environment, file or default, and may
// have been changed over that; what was changed is stored, holds on all nodes, and stays when the configuration changes or the
// server starts again, until it is given back.
//
// Table says of each switch what it means and which values it may have, for the API, the documentation and the command line
// alike. Service has the values in force: Now is for those who look at each use, Watch for those who have to be told. It asks
// its Store when it is made, at each change, and when it is told that another node made one (Reload). While the Store is away
// what is in force stays. It starts no goroutine.
//
// What a switch does is not decided here: who wires the parts tells them.
package setting
