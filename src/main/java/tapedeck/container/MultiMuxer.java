package tapedeck.container;

import tapedeck.bytes.Bytes;

/// A muxer whose file takes further tracks while it grows. The times of its frames are those of the file, and those of
/// a new track may begin before 0.
public interface MultiMuxer extends Muxer {
    /// Adds a track, whose frames can be written from now on. Nothing is on disk of it before the first of them.
    ///
    /// @return false if the file has no room for another one: it has to go on in a new file
    boolean join(MemberTrack member);

    /// Puts down what happens at this time of the file, in a track that players pass over. It leaves with the next
    /// frames.
    ///
    /// @param json an object
    void note(long nanos, Bytes json);
}
