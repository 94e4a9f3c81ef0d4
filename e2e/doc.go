// Package e2e is the product from outside: real processes that are killed, stopped and started again, real databases, a
// real browser, and the commands as people and scripts use them.
//
// It holds tests only. The test binary is the program itself, so that every process a test starts runs the code that is
// tested. script_test.go tells the commands of the scripts under testdata/; fleet_test.go starts servers on one database,
// town_test.go the whole product inside the test, demo_test.go a demo.
package e2e
