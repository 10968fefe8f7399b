package tapedeck.record;

/// The points between which a crash can fall while a file is brought to its end; tests die at each of them.
enum FinishStep {
    /// The last fragment is on disk and the file closed.
    ENDED,
    /// It is an ordinary file of its format.
    FINISHED,
    /// Its name is in the journal.
    NAMED,
    /// It is in the folder of recordings.
    MOVED,
    /// The hook's process runs.
    HOOK_STARTED,
    /// The hook's process has ended.
    HOOK_ENDED
}
