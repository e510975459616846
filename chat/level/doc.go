// Package level keeps how far users have come: a score of what they do, the level that it makes, and their membership.
//
// A score is weights × (minutes in a room, delivered messages, accepted likes, value of gifts, days of membership) and what
// backends adjusted. What is earned is kept in the sources' own units, so that other weights count for all that was ever
// earned; what one source may earn on one day (UTC) is capped.
//
// Service.Earn only adds to numbers in memory. Each few seconds what came together goes to the Store in steps, numbered by
// their maker: a step whose answer was lost is asked again, however much later, and counts once. What a node that is killed
// had not handed over is lost (class B of design §7). Levels that change are kept until they were told (Config.Tell), by this
// node or, if it died, by whoever calls TellRest; other nodes hear of them by News.
//
// Standing is what goes with each message: it never blocks and asks no store. Service.Run does all that waits.
package level
