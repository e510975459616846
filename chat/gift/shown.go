package gift

// Result is what a room is shown of an order by itself. It is for stores that keep what they need to make it of.
func (o Order) Result() Result { return resultOf(o) }

// Result is what a room is shown of what is not shown yet of a combo; final says that its run ends with it.
func (c Combo) Result(final bool) Result { return c.result(final) }
