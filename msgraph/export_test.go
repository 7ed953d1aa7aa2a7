package msgraph

import (
	"context"
	"time"
)

// UserMembers is what a user is asked for; GroupMembers is that of a group.
const (
	UserMembers  = userMembers
	GroupMembers = groupMembers
)

// SetClock replaces the clock and the waiting, and takes the chance out of it.
func (c *Client) SetClock(now time.Time, sleep func(context.Context, time.Duration) error) {
	c.retry.now = func() time.Time { return now }
	c.retry.sleep = sleep
	c.retry.jitter = func() float64 { return 0 }
}

// SetLinger changes how long a read waits for the others.
func (c *Client) SetLinger(d time.Duration) { c.linger = d }

// Spellings writes a text in every way in which an answer may repeat it.
var Spellings = spellings
