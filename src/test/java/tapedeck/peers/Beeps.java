package tapedeck.peers;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Sound whose moments are known: a tone of 500 Hz that begins in the middle of every second.
public final class Beeps {
    private static final int PACKET_SAMPLES = 160;

    private Beeps() {}

    /// G.711 µ-law at 8 kHz in packets of 20 ms, from a sender whose clock is so much too fast: its stamps are true,
    /// its samples are too many.
    ///
    /// @param beepSeconds length of each beep; 1 for a tone without an end
    public static List<Frame> g711(int seconds, double fast, double beepSeconds) {
        Track track = new Track(Track.AUDIO, new Codec.Pcmu(8000, 1));
        List<Frame> frames = new ArrayList<>();
        double rateHz = 8000 * fast;
        for (long sample = 0; sample + PACKET_SAMPLES <= seconds * rateHz; sample += PACKET_SAMPLES) {
            byte[] data = new byte[PACKET_SAMPLES];
            for (int i = 0; i < data.length; i++) {
                double time = (sample + i) / rateHz;
                double inSecond = time - Math.floor(time);
                boolean beep = inSecond >= 0.5 && inSecond < 0.5 + beepSeconds || beepSeconds == 1;
                // ITU-T G.711, table 2a: 0xFF is zero, 0x9F and 0x1F a quarter of full scale.
                data[i] = (byte) (!beep ? 0xFF : ((sample + i) / 8) % 2 == 0 ? 0x9F : 0x1F);
            }
            long nanos = Math.round(sample / rateHz * 1e9);
            frames.add(new Frame(track, nanos, nanos, true, Bytes.wrap(data)));
        }
        return frames;
    }
}
