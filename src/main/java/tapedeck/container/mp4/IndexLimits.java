package tapedeck.container.mp4;

/// How large the index of a file becomes.
///
/// @param keptBytes so much of it is made in memory, which needs one walk over the fragments; a larger one is counted
/// first, then written as it is made in a second walk
/// @param mostBytes a file with a larger one stays as it grew, which every reader opens too
record IndexLimits(long keptBytes, long mostBytes) {
    /// Three hours of one stream in memory; in the file what its reserve can hold.
    static final IndexLimits USUAL = new IndexLimits(8 << 20, Movie.MAX_MOOV_BYTES);
}
