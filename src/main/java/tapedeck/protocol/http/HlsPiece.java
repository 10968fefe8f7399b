package tapedeck.protocol.http;

import tapedeck.bytes.Bytes;
import tapedeck.stream.Tally;

/// Something of a playlist on its way to a player. It counts as kept until it is given back, however long the player
/// takes.
///
/// @param carried the frames in it
record HlsPiece(Bytes data, Tally carried, Runnable giveBack) implements AutoCloseable {
    @Override
    public void close() {
        giveBack.run();
    }
}
