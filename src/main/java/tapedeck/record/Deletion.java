package tapedeck.record;

/// What became of the wish to delete a recording.
public enum Deletion {
    DELETED,
    UNKNOWN,
    /// It grows, is being finished, its hook has not ended, or its file is not the one that was last seen.
    BUSY
}
