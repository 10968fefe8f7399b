package tapedeck.media;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class CarriedTest {
    private static final Track PICTURES = new Track(Track.VIDEO, new Codec.Vp8(640, 360));
    private static final Track SOUND = new Track(Track.AUDIO, new Codec.Opus(2, 0));
    private static final Predicate<Codec> PICTURES_ONLY = codec -> codec instanceof Codec.Video;

    @Test
    void soundThatDoesNotFitIsLeftOut() {
        Carried carried = Carried.of(List.of(PICTURES, SOUND), PICTURES_ONLY);
        assertTrue(carried.isEnough());
        assertEquals(List.of(PICTURES), carried.tracks());
        assertEquals("opus", carried.leftOutNames());
    }

    @Test
    void withoutItsPicturesAStreamIsNotWorthHaving() {
        Carried carried = Carried.of(List.of(PICTURES, SOUND), PICTURES_ONLY.negate());
        assertFalse(carried.isEnough());
        assertEquals("vp8", carried.missing());
    }

    @Test
    void nothingIsNotEnough() {
        assertFalse(Carried.of(List.of(SOUND), PICTURES_ONLY).isEnough());
        assertEquals(
                "vp8 and opus", Carried.of(List.of(PICTURES, SOUND), _ -> false).missing());
        assertFalse(Carried.of(List.of(), _ -> true).isEnough());
    }

    @Test
    void soundAloneIsEnough() {
        assertTrue(Carried.of(List.of(SOUND), _ -> true).isEnough());
    }
}
