package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

class OrientationTest {
    private final Orientation orientation = new Orientation();
    private final Track track = new Track(Track.VIDEO, new Codec.Vp8(640, 480));

    private int turned(boolean keyframe) {
        Frame frame = new Frame(track, 1, 2, keyframe, Bytes.ofU8(7));
        Frame turned = orientation.turn(frame);
        assertEquals(frame.data(), turned.data());
        assertEquals(frame.ptsNanos(), turned.ptsNanos());
        return turned.track().rotationDegrees();
    }

    @Test
    void aPictureIsTurnedFromTheNextKeyframeOnWhichIsAskedFor() {
        assertFalse(orientation.said(null, 1, 0));
        assertEquals(0, turned(true));
        assertTrue(orientation.said(Bytes.ofU8(1), 1, 3000));
        assertEquals(0, turned(false));
        assertEquals(90, turned(true));
        assertEquals(90, turned(false));
        assertFalse(orientation.said(Bytes.ofU8(1), 1, 6000), "as before");
        assertTrue(orientation.said(Bytes.ofU8(3), 1, 9000));
        assertEquals(90, turned(false));
        assertEquals(270, turned(true));
    }

    @Test
    void whatIsRepeatedOrOvertakenChangesNothing() {
        assertTrue(orientation.said(Bytes.ofU8(2), 1, 9000));
        assertFalse(orientation.said(Bytes.ofU8(0), 1, 6000));
        assertEquals(180, turned(true));
        // Time wraps; and another source begins anywhere.
        assertTrue(orientation.said(Bytes.ofU8(1), 2, 0xFFFF_FFF0L));
        assertTrue(orientation.said(Bytes.ofU8(0), 2, 0x10));
        assertEquals(0, turned(true));
    }

    @Test
    void cameraAndFlipBitsAndEmptyValuesChangeNothing() {
        assertFalse(orientation.said(Bytes.ofU8(0xFC), 1, 0));
        assertFalse(orientation.said(Bytes.EMPTY, 1, 1));
        assertEquals(0, turned(true));
    }

    @Test
    void oneTrackServesAllFrames() {
        orientation.said(Bytes.ofU8(1), 1, 0);
        Frame frame = new Frame(track, 1, 2, true, Bytes.ofU8(7));
        assertSame(orientation.turn(frame).track(), orientation.turn(frame).track());
    }
}
