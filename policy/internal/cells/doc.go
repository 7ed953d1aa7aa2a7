// Package cells answers what holds for combinations of values.
//
// There are several axes, each with values, and boxes. A box takes in, of each
// axis, some of the values; it holds for a combination of values, one of each
// axis, where it takes all of them in. A cell is the set of boxes that hold for a
// combination. The number of combinations grows with the product of the axes;
// the work here grows with the number of cells that matter.
package cells
