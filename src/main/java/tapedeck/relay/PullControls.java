package tapedeck.relay;

/// What somebody can do with a pull that plays a file; from any thread.
public interface PullControls {
    void pause();

    void play();

    /// Goes to the last keyframe at or before this time of the file, counted from its beginning.
    void seek(long nanos);
}
