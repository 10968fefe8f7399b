package tapedeck.record;

/// What became of the wish to delete a recording.
public enum Deletion {
    DELETED,
    UNKNOWN,
    /// It grows, is being finished, or its hook has not ended.
    BUSY,
    /// Its file is not the one that was last seen: somebody changed or exchanged it.
    CHANGED
}
