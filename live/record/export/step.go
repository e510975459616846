package export

// Step is what a Store makes of one job, in one atomic step: of what is there, where that is found, what is to be there. Where keep
// is not set that is nothing.
type Step func(old Job, found bool) (next Job, keep bool, err error)

// StepPut is what Store.Put does.
func StepPut(j Job) Step {
	return func(old Job, found bool) (Job, bool, error) {
		if !found || old.Hidden() {
			return Job{}, false, ErrUnknown
		}
		return j, true, nil
	}
}

// StepDelete is what Store.Delete does.
func StepDelete(old Job, found bool) (Job, bool, error) {
	if !found || old.Hidden() {
		return Job{}, false, ErrUnknown
	}
	old.State = Deleting
	return old, true, nil
}

// StepDeleted is what Store.Deleted does.
func StepDeleted(keep bool) Step {
	return func(old Job, found bool) (Job, bool, error) {
		switch {
		case !found || old.State != Deleting:
			return old, found, nil
		case keep:
			return old.asGone(), true, nil
		default:
			return Job{}, false, nil
		}
	}
}

// asGone is what is kept of a job that is Gone.
func (j Job) asGone() Job {
	j.State, j.Files, j.Cause = Gone, nil, ""
	return j
}
