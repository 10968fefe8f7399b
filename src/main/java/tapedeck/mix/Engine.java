package tapedeck.mix;

import tapedeck.transcode.CodedSource;

/// What the pictures and the sound of a mix have in common. Only in a worker.
sealed interface Engine extends AutoCloseable permits PictureMix, SoundMix {
    void join(Ask.Join join);

    void change(int line, CodedSource source);

    void packet(Ask.Packet packet);

    void end(int line);

    /// Nothing of it is seen or heard from this time on.
    void leave(int line, long nanos);

    /// What is before this tick or sample is left out.
    void skip(long until);

    /// Everything that is due before this tick or sample is there.
    void advance(long until);

    /// What is held back comes out.
    void finish();

    /// Packets that could not be decoded.
    int damaged();

    @Override
    void close();
}
