package tapedeck.container;

/// A muxer whose file takes further tracks while it grows. The times of its frames are those of the file, and those of
/// a new track may begin before 0.
public interface MultiMuxer extends Muxer {
    /// Adds a track, whose frames can be written from now on. Nothing is on disk of it before the first of them.
    ///
    /// @return false if the file has no room for another one: it has to go on in a new file
    boolean join(MemberTrack member);
}
