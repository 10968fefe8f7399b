package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.stream.Frames.large;
import static tapedeck.stream.Frames.video;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.media.Frame;

class GopCacheTest {
    private final GopCache cache = new GopCache(0);

    @Test
    void itHoldsTheFramesSinceTheLastEntryPoint() {
        cache.add(new Item.Media(video(0, false), false));
        assertEquals(List.of(), cache.items());
        for (int i = 1; i < 25; i++) {
            cache.add(new Item.Media(video(i, 10), i % 10 == 0));
        }
        assertEquals(List.of(20L, 21L, 22L, 23L, 24L), Frames.numbers(List.copyOf(cache.items())));
    }

    @Test
    void aGopOfTooManyBytesIsForgottenUntilTheNextOne() {
        cache.add(media(large(0, true, 1000)));
        int half = (int) GopCache.MAX_BYTES / 2;
        cache.add(media(large(1, false, half)));
        assertEquals(2, cache.items().size());
        cache.add(media(large(2, false, half)));
        assertTrue(cache.items().isEmpty());
        cache.add(media(large(3, false, 10)));
        assertTrue(cache.items().isEmpty());
        cache.add(media(large(4, true, 10)));
        assertEquals(1, cache.items().size());
    }

    @Test
    void aGopThatIsTooLongIsForgotten() {
        long frames = GopCache.MAX_NANOS / (40 * Frames.MILLIS);
        for (int i = 0; i <= frames; i++) {
            cache.add(media(video(i, i == 0)));
        }
        assertEquals(frames + 1, cache.items().size());
        cache.add(media(video(frames + 1, false)));
        assertTrue(cache.items().isEmpty());
    }

    @Test
    void aListThatWasHandedOutDoesNotChange() {
        cache.add(media(video(0, true)));
        List<Item.Media> before = cache.items();
        cache.add(media(video(1, true)));
        assertEquals(1, before.size());
        assertEquals(0, Frames.number(before.getFirst()));
    }

    @Test
    void wholeGroupsOfThePastAreKeptAsFarAsTheyReach() {
        GopCache remembers = new GopCache(1_000 * Frames.MILLIS);
        // 40 ms apart, a keyframe every 400 ms.
        for (int i = 0; i < 100; i++) {
            remembers.add(media(video(i, i % 10 == 0)));
        }
        assertEquals(90, Frames.number(remembers.since(0).getFirst()));
        assertEquals(90, Frames.number(remembers.since(360 * Frames.MILLIS).getFirst()));
        assertEquals(80, Frames.number(remembers.since(361 * Frames.MILLIS).getFirst()));
        assertEquals(70, Frames.number(remembers.since(1_000 * Frames.MILLIS).getFirst()));
        assertEquals(70, Frames.number(remembers.since(Long.MAX_VALUE).getFirst()), "older ones are forgotten");
        assertEquals(30, remembers.since(Long.MAX_VALUE).size());
    }

    @Test
    void thePastIsBoundedInBytes() {
        GopCache remembers = new GopCache(Long.MAX_VALUE / 2);
        int quarter = (int) GopCache.MAX_BYTES / 4;
        for (int i = 0; i < 40; i++) {
            remembers.add(media(large(i, true, quarter)));
        }
        long most = GopCache.MAX_PAST_BYTES / quarter;
        assertEquals(most, remembers.since(Long.MAX_VALUE).size());
    }

    private static Item.Media media(Frame frame) {
        return new Item.Media(frame, frame.keyframe());
    }
}
