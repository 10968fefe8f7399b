package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Who joins a file in the middle of a picture is shown from that moment, and nothing of it moves.
class FirstShownTest {
    private static final Track PICTURE = MultiStudio.video(new Codec.Vp8(320, 240));
    private static final long FROM = 1_000_000_000L;
    private static final long AT = FROM + FirstShown.BEHIND_NANOS;
    private static final long MILLI = 1_000_000;

    private final FirstShown shown = new FirstShown(FROM);
    private final List<Frame> written = new ArrayList<>();

    private static Frame picture(long dtsMillis, long ptsMillis) {
        return new Frame(PICTURE, dtsMillis * MILLI, ptsMillis * MILLI, false, Bytes.wrap(new byte[] {1}));
    }

    private void comes(long dtsMillis, long ptsMillis) {
        written.addAll(shown.next(picture(dtsMillis, ptsMillis), FROM));
    }

    private List<Long> times() {
        return written.stream().map(Frame::ptsNanos).toList();
    }

    @Test
    void thePictureThatIsOnBeginsWhenTheStreamIsShown() {
        comes(900, 900);
        comes(940, 940);
        comes(980, 980);
        assertEquals(List.of(900 * MILLI, 940 * MILLI), times());
        assertEquals(1, shown.held());
        comes(1020, 1020);
        assertEquals(List.of(900 * MILLI, 940 * MILLI, AT, 1020 * MILLI), times());
        assertEquals(AT, written.get(2).dtsNanos());
        assertTrue(shown.isKnown());
    }

    /// In the order of decoding 0 4 2 1 3 8 6 5 7, 40 ms each: 980 is on at 1000.
    @Test
    void ofPicturesInAnotherOrderTheOneThatIsOnIsMeant() {
        long[] order = {0, 4, 2, 1, 3, 8, 6, 5, 7};
        for (int i = 0; i < order.length; i++) {
            comes(780 + i * 40L, 860 + order[i] * 40);
        }
        assertEquals(
                List.of(860 * MILLI, 1020 * MILLI, 940 * MILLI, 900 * MILLI, AT, 1180 * MILLI, 1100 * MILLI),
                times().subList(0, 7));
        assertEquals(9, written.size());
        for (int i = 0; i < order.length; i++) {
            assertEquals((780 + i * 40L) * MILLI, written.get(i).dtsNanos());
        }
    }

    @Test
    void aStreamThatBeginsLaterIsLeftAsItIs() {
        comes(1000, 1000);
        comes(1040, 1040);
        assertEquals(List.of(1000 * MILLI, 1040 * MILLI), times());
    }

    /// A picture that begins as it is shown from is the one that is on, if its ticks should be rounded down.
    @Test
    void aPictureThatBeginsAtThatMomentIsTheOneThatIsOn() {
        comes(960, 960);
        comes(1000, 1000);
        comes(1040, 1040);
        assertEquals(List.of(960 * MILLI, AT, 1040 * MILLI), times());
    }

    @Test
    void whereNothingFollowsThePictureThatIsOnDoesNotWaitForEver() {
        comes(300, 300);
        assertEquals(List.of(), times());
        assertFalse(shown.isDue(FROM + FirstShown.LONGEST_NANOS));
        assertTrue(shown.isDue(FROM + FirstShown.LONGEST_NANOS + 1));
        written.addAll(shown.release());
        assertEquals(List.of(AT), times());
        assertFalse(shown.isDue(Long.MAX_VALUE));
        comes(5000, 5000);
        assertEquals(List.of(AT, 5000 * MILLI), times());
    }

    /// What is decoded 80 ms before it is shown stays so: of a track's first picture that is the `ctts` of all.
    @Test
    void aPictureThatStoodForSecondsIsDecodedAsMuchBeforeItIsShown() {
        comes(-5080, -5000);
        comes(1040, 1120);
        assertEquals(List.of(AT, 1120 * MILLI), times());
        assertEquals(AT - 80 * MILLI, written.getFirst().dtsNanos());
    }

    /// A phone that had no network as it was added, and then sends what it has.
    @Test
    void olderPicturesOfWhoStoodStillAreShownAtThatMomentToo() {
        comes(300, 300);
        written.addAll(shown.release());
        comes(340, 340);
        comes(980, 980);
        comes(1020, 1020);
        comes(1010, 1060);
        assertEquals(List.of(AT, AT, AT, 1020 * MILLI, 1060 * MILLI), times());
        assertEquals(
                List.of(AT, AT, AT),
                written.stream().limit(3).map(Frame::dtsNanos).toList());
    }

    /// What comes all the time is waited for, however late it is.
    @Test
    void whoIsLateDoesNotStandStill() {
        written.addAll(shown.next(picture(300, 300), FROM));
        written.addAll(shown.next(picture(340, 340), FROM + FirstShown.LONGEST_NANOS));
        assertFalse(shown.isDue(FROM + 2 * FirstShown.LONGEST_NANOS));
        assertTrue(shown.isDue(FROM + 2 * FirstShown.LONGEST_NANOS + 1));
    }
}
