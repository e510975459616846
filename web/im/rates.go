package im

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// Rates are calls a second, by command, and of all together (allCommands); 0: as many as come.
type Rates map[string]int

// allCommands is the name of the rate of all commands together. There is none unless it is given.
const allCommands = "all"

// defaultRate is for commands that have none of their own (spec im-rest §1.4).
const defaultRate = 200

// ParseRates reads words such as send_group_msg=1000. Whether there are such commands, Validate says.
func ParseRates(words []string) (Rates, error) {
	rates := Rates{}
	for _, word := range words {
		name, number, found := strings.Cut(word, "=")
		n, err := strconv.Atoi(number)
		if !found || err != nil || n < 0 || n > 1_000_000 {
			return nil, fmt.Errorf("%q must be a command and its calls a second, such as send_group_msg=1000; 0 is no limit", word)
		}
		if _, twice := rates[name]; twice {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		rates[name] = n
	}
	return rates, nil
}

// limit is the limiter of a command; nil: none.
func (r Rates) limit(c *command) *rate.Limiter {
	n, given := r[c.name]
	if !given {
		n = c.rate
	}
	return limiter(n)
}

// limiter lets n through in a second; 0: nil, as many as come.
func limiter(n int) *rate.Limiter {
	if n == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(n), n)
}

// Validate says which name is none of a command.
func (r Rates) Validate() error {
	known := map[string]bool{allCommands: true}
	for _, path := range Commands() {
		_, name, _ := strings.Cut(path, "/")
		known[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if !known[name] {
			return fmt.Errorf("there is no command %q", name)
		}
	}
	return nil
}
