package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"liveroom/chat/popularity"
)

// popularity is what the ranking of rooms is told of the settings. What the weights do not name does not count.
func (s *Settings) popularity() (popularity.Config, error) {
	cfg := popularity.Config{HalfLife: s.PopularHalf}
	weights := map[string]*float64{
		"minute": &cfg.Weights.Minute, "join": &cfg.Weights.Join, "message": &cfg.Weights.Message, "like": &cfg.Weights.Like, "gift": &cfg.Weights.Gift,
	}
	for _, one := range s.PopularWeights {
		name, value, _ := strings.Cut(one, "=")
		weight := weights[strings.TrimSpace(name)]
		if weight == nil {
			return cfg, fmt.Errorf("popularity-weights: %.60q names nothing that counts; such are minute, join, message, like and gift", one)
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return cfg, fmt.Errorf("popularity-weights: %.60q: the number can't be read", one)
		}
		*weight = v
	}
	if cfg.Weights == (popularity.Weights{}) {
		return cfg, fmt.Errorf("popularity-weights: something must count")
	}
	if err := cfg.Validate(); err != nil {
		return cfg, fmt.Errorf("popularity-half-life and popularity-weights: %w", err)
	}
	return cfg, nil
}

// validPopularity says which setting of popularity can't be used, or of how long summaries and draws are kept.
func (s *Settings) validPopularity() error {
	for name, age := range map[string]time.Duration{"summary-age": s.SummaryAge, "draw-age": s.DrawAge} {
		if age < time.Hour || age > 10*8784*time.Hour {
			return fmt.Errorf("%s is %s, must be from 1h to 87840h", name, age)
		}
	}
	_, err := s.popularity()
	return err
}
