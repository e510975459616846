package rtmp

import "strconv"

// AMF3 type markers (AMF3 specification, section 3.1).
const (
	amf3Undefined = iota
	amf3Null
	amf3False
	amf3True
	amf3Integer
	amf3Double
	amf3String
	amf3XMLDocument
	amf3Date
	amf3Array
	amf3Object
	amf3XML
	amf3ByteArray
)

// amf3MaxExpandedBytes bounds the text that one body's values hold together. A reference of two bytes stands for a whole
// string, so the body's own size bounds nothing.
const amf3MaxExpandedBytes = 1 << 20

// amf3Reader decodes the values in AMF3 of an AMF0 body, into the same types. Each switch to AMF3 begins with empty
// reference tables (AMF0 specification, section 3.1), so a reader is for one value.
type amf3Reader struct {
	*amfReader
	texts   []string
	objects []shared
	traits  []trait
	deepest int // containers around the innermost value since the present object began
}

// shared is a value that may be referred to, with what it counted for: each reference counts again.
type shared struct {
	value  any
	values int
	bytes  int
	height int  // containers in it, one inside the other
	ready  bool // false while the value is being read: a reference to it would be a circle
}

// trait is the shape of a class of objects: its fixed names, and whether free ones may follow.
type trait struct {
	names   []string
	dynamic bool
}

// amf3 decodes what follows the marker that switches to AMF3.
func (r *amfReader) amf3(depth int) (any, error) {
	r.switched = true
	in := amf3Reader{amfReader: r}
	return in.value(depth)
}

// value decodes one value; depth counts the containers around it.
func (r *amf3Reader) value(depth int) (any, error) {
	if depth > amfMaxDepth {
		return nil, amfError("nested deeper than %d", amfMaxDepth)
	}
	r.deepest = max(r.deepest, depth)
	if err := r.charge(1, 0); err != nil {
		return nil, err
	}
	marker, err := r.take(1)
	if err != nil {
		return nil, err
	}
	switch marker[0] {
	case amf3Undefined:
		return amfVoid{}, nil
	case amf3Null:
		return nil, nil
	case amf3False:
		return false, nil
	case amf3True:
		return true, nil
	case amf3Integer:
		n, err := r.u29()
		return float64(int32(n<<3) >> 3), err //nolint:gosec // 29 bits with a sign
	case amf3Double:
		return r.number()
	case amf3String:
		return r.text()
	default:
		return r.complex(marker[0], depth)
	}
}

// charge counts values and bytes against their limits.
func (r *amf3Reader) charge(values, size int) error {
	if r.values += values; r.values > amfMaxValues {
		return amfError("more than %d values", amfMaxValues)
	}
	if r.expanded += size; r.expanded > amf3MaxExpandedBytes {
		return amfError("more than %d bytes of text", amf3MaxExpandedBytes)
	}
	return nil
}

// u29 decodes an integer of one to four bytes.
func (r *amf3Reader) u29() (uint32, error) {
	var n uint32
	for i := range 4 {
		b, err := r.take(1)
		if err != nil {
			return 0, err
		}
		if i == 3 {
			return n<<8 | uint32(b[0]), nil
		}
		n = n<<7 | uint32(b[0]&0x7f)
		if b[0] < 0x80 {
			break
		}
	}
	return n, nil
}

// text decodes a string, which has no marker where it is a key.
func (r *amf3Reader) text() (string, error) {
	n, err := r.u29()
	if err != nil {
		return "", err
	}
	if n&1 == 0 {
		if int(n>>1) >= len(r.texts) {
			return "", amfError("reference to string %d of %d", n>>1, len(r.texts))
		}
		s := r.texts[n>>1]
		return s, r.charge(0, len(s))
	}
	b, err := r.take(int(n >> 1))
	if err != nil {
		return "", err
	}
	s := string(b)
	if s != "" { // the empty string is never referred to
		r.texts = append(r.texts, s)
	}
	return s, r.charge(0, len(s))
}

// complex decodes the values that may be references to earlier ones.
func (r *amf3Reader) complex(marker byte, depth int) (any, error) {
	switch marker {
	case amf3XMLDocument, amf3Date, amf3Array, amf3Object, amf3XML, amf3ByteArray:
	default: // vectors and dictionaries; nobody has them in commands
		return nil, amfError("AMF3 type 0x%02x", marker)
	}
	n, err := r.u29()
	if err != nil {
		return nil, err
	}
	if n&1 == 0 {
		return r.reference(int(n>>1), depth)
	}
	values, size, deepest, slot := r.values, r.expanded, r.deepest, len(r.objects)
	r.objects = append(r.objects, shared{})
	r.deepest = depth
	v, err := r.fresh(marker, n>>1, depth)
	if err != nil {
		return nil, err
	}
	r.objects[slot] = shared{
		value: v, values: r.values - values, bytes: r.expanded - size, height: r.deepest - depth, ready: true,
	}
	r.deepest = max(r.deepest, deepest)
	return v, nil
}

// fresh decodes a value that is no reference; n is what its first integer holds beside the mark of one.
func (r *amf3Reader) fresh(marker byte, n uint32, depth int) (any, error) {
	switch marker {
	case amf3Date:
		v, err := r.number()
		if err != nil {
			return nil, err
		}
		return amfTime(v.(float64)), nil
	case amf3Array:
		return r.array(int(n), depth)
	case amf3Object:
		return r.object(n, depth)
	default:
		return r.blob(int(n))
	}
}

// reference returns an earlier value, which counts again.
func (r *amf3Reader) reference(i, depth int) (any, error) {
	if i >= len(r.objects) || !r.objects[i].ready {
		return nil, amfError("reference to object %d of %d", i, len(r.objects))
	}
	c := r.objects[i]
	if depth+c.height > amfMaxDepth {
		return nil, amfError("nested deeper than %d", amfMaxDepth)
	}
	r.deepest = max(r.deepest, depth+c.height)
	return c.value, r.charge(c.values, c.bytes)
}

// blob decodes XML and bytes, as text.
func (r *amf3Reader) blob(size int) (any, error) {
	b, err := r.take(size)
	if err != nil {
		return nil, err
	}
	return string(b), r.charge(0, size)
}

// array decodes named values, up to an empty name, and count others. An array without names is a list, any other one a map.
func (r *amf3Reader) array(count, depth int) (any, error) {
	named, err := r.pairs(nil, depth)
	if err != nil {
		return nil, err
	}
	if count > len(r.rest) { // a value has one byte at least
		return nil, amfError("array of %d values in %d bytes", count, len(r.rest))
	}
	var list amfList
	for i := range count {
		v, err := r.value(depth + 1)
		switch {
		case err != nil:
			return nil, err
		case named == nil:
			list = append(list, v)
		default:
			named = append(named, property{strconv.Itoa(i), v})
		}
	}
	if named == nil {
		return list, nil
	}
	return amfMap(named), nil
}

// object decodes an object; flags are what its first integer holds beside the mark of a reference.
func (r *amf3Reader) object(flags uint32, depth int) (any, error) {
	t, err := r.trait(flags)
	if err != nil {
		return nil, err
	}
	var props []property
	for _, name := range t.names {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if err := r.charge(0, len(name)); err != nil {
			return nil, err
		}
		props = append(props, property{name, v})
	}
	if t.dynamic {
		if props, err = r.pairs(props, depth); err != nil {
			return nil, err
		}
	}
	return amfProps(props), nil
}

// trait decodes an object's shape or finds the one referred to.
func (r *amf3Reader) trait(flags uint32) (trait, error) {
	if flags&1 == 0 {
		if int(flags>>1) >= len(r.traits) {
			return trait{}, amfError("reference to class %d of %d", flags>>1, len(r.traits))
		}
		return r.traits[flags>>1], nil
	}
	if flags&2 != 0 { // the class would have to be known to read it
		return trait{}, amfError("an object with a form of its own")
	}
	t := trait{dynamic: flags&4 != 0}
	if _, err := r.text(); err != nil { // the class name
		return t, err
	}
	count := int(flags >> 3)
	if count > len(r.rest) {
		return t, amfError("class of %d names in %d bytes", count, len(r.rest))
	}
	for range count {
		name, err := r.text()
		if err != nil {
			return t, err
		}
		t.names = append(t.names, name)
	}
	r.traits = append(r.traits, t)
	return t, nil
}

// pairs decodes named values up to an empty name.
func (r *amf3Reader) pairs(props []property, depth int) ([]property, error) {
	for {
		key, err := r.text()
		if err != nil || key == "" {
			return props, err
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		props = append(props, property{key, v})
	}
}
