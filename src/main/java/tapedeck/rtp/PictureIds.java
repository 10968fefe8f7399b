package tapedeck.rtp;

import java.util.concurrent.ThreadLocalRandom;
import tapedeck.rtp.payload.PayloadFormat;

/// The picture ids of VP8 (RFC 7741 4.2) and VP9 (RFC 9628 4.2) as one peer gets them. Payloads are shared, so they
/// count the pictures of the stream; a peer for whom pictures were left out, or that was given another layer, has to
/// see numbers without a gap: browsers take each picture to depend on the number before its own.
final class PictureIds {
    /// With M set, 15 bits.
    private static final int COUNT = 1 << 15;

    /// Where the id stands in the descriptor, or 0 for formats that have none.
    private final int place;

    private int id = ThreadLocalRandom.current().nextInt(COUNT);
    private long timestamp = -1;

    private PictureIds(int place) {
        this.place = place;
    }

    static PictureIds of(PayloadFormat format) {
        return new PictureIds(format.is("VP8") ? 2 : format.is("VP9") ? 1 : 0);
    }

    /// Of a picture that is sent now: the last one if it has the same time.
    int next(long pictureTimestamp) {
        return pictureTimestamp == timestamp ? id : id + 1 & COUNT - 1;
    }

    /// A packet of this picture is on its way.
    void sent(long pictureTimestamp) {
        id = next(pictureTimestamp);
        timestamp = pictureTimestamp;
    }

    /// Writes the id over that of the payload at `[at, end)`, as our packetizers lay it out.
    void write(int pictureId, byte[] target, int at, int end) {
        if (place > 0 && end - at > place + 1 && hasId(target, at)) {
            target[at + place] = (byte) (0x80 | pictureId >> 8);
            target[at + place + 1] = (byte) pictureId;
        }
    }

    /// VP8: X, then I, then M; VP9: I, then M.
    private boolean hasId(byte[] target, int at) {
        for (int i = 0; i <= place; i++) {
            if (target[at + i] >= 0) {
                return false;
            }
        }
        return true;
    }
}
