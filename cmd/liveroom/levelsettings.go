package main

import (
	"fmt"
	"strconv"
	"strings"

	"liveroom/chat/level"
)

// levelRules are the rules of levels that the settings make; what they do not name of weights and caps is as by default.
func (s *Settings) levelRules() (level.Rules, error) {
	rules := level.DefaultRules()
	err := perSource(s.LevelWeights, func(by level.Source, value string) (err error) {
		rules.Weights[by], err = strconv.ParseFloat(value, 64)
		return err
	})
	if err != nil {
		return rules, fmt.Errorf("level-weights: %w", err)
	}
	err = perSource(s.LevelCaps, func(by level.Source, value string) (err error) {
		rules.Caps[by], err = strconv.ParseInt(value, 10, 64)
		return err
	})
	if err != nil {
		return rules, fmt.Errorf("level-caps: %w", err)
	}
	rules.Thresholds = s.LevelThresholds
	if rules.Tiers, err = levelTiers(s.LevelTiers); err != nil {
		return rules, fmt.Errorf("level-tiers: %w", err)
	}
	if err := rules.Validate(); err != nil {
		return rules, fmt.Errorf("levels: %w", err)
	}
	return rules, nil
}

// perSource calls set for each of some settings such as messages=2.
func perSource(all []string, set func(by level.Source, value string) error) error {
	for _, one := range all {
		name, value, _ := strings.Cut(one, "=")
		by := level.Source(0)
		for by < level.Sources && by.Name() != strings.TrimSpace(name) {
			by++
		}
		if by == level.Sources {
			return fmt.Errorf("%.60q names nothing that points are earned by; such are onlineMinutes, messages, likes, giftValue and membership", one)
		}
		if err := set(by, strings.TrimSpace(value)); err != nil {
			return fmt.Errorf("%.60q: the number can't be read", one)
		}
	}
	return nil
}

// levelTiers reads tiers such as gold=Gold:★:30: id, name, badge and points a day.
func levelTiers(all []string) (tiers []level.Tier, err error) {
	for _, one := range all {
		id, rest, _ := strings.Cut(one, "=")
		parts := strings.Split(rest, ":")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%.60q must be such as gold=Gold:★:30: id, name, badge and points a day", one)
		}
		t := level.Tier{ID: strings.TrimSpace(id), Name: strings.TrimSpace(parts[0]), Badge: strings.TrimSpace(parts[1])}
		if t.Daily, err = strconv.ParseInt(strings.TrimSpace(parts[2]), 10, 64); err != nil {
			return nil, fmt.Errorf("%.60q: the points a day can't be read", one)
		}
		tiers = append(tiers, t)
	}
	return tiers, nil
}
