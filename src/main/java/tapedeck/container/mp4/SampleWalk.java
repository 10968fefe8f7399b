package tapedeck.container.mp4;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;

/// Goes over the samples of many tracks and keeps none of them. In fragments they are side by side, and so they are
/// gone over once for all tracks; in tables each track stands by itself.
final class SampleWalk {
    private SampleWalk() {}

    /// Hears of the samples of a track, in the order of their decoding.
    interface Listener {
        void sample(long decodeTicks, long durationTicks, int compositionOffset);
    }

    /// @param moov where the movie stands
    /// @param listeners by the numbers of their tracks
    static void over(Movie movie, FileBoxes boxes, TopBox moov, Map<Integer, ? extends Listener> listeners)
            throws IOException {
        if (movie.fragmented()) {
            fragments(movie, boxes, moov, listeners);
            return;
        }
        for (MovieTrack track : movie.tracks()) {
            Listener listener = listeners.get(track.id());
            if (listener != null) {
                SampleCursor cursor = movie.samples(boxes, moov, track);
                while (cursor.next()) {
                    listener.sample(cursor.decodeTicks(), cursor.durationTicks(), cursor.compositionOffset());
                }
            }
        }
    }

    private static void fragments(Movie movie, FileBoxes boxes, TopBox moov, Map<Integer, ? extends Listener> listeners)
            throws IOException {
        SampleBudget budget = SampleBudget.ofWalk(boxes.size());
        Map<Integer, Long> nextTicks = new HashMap<>();
        for (TopBox box = boxes.at(moov.end()); box != null && box.end() <= boxes.size(); box = boxes.at(box.end())) {
            if (!box.type().equals("moof")) {
                continue;
            }
            for (TrackRun run : movie.runs(boxes, box, budget)) {
                Listener listener = listeners.get(run.trackId());
                if (listener == null) {
                    continue;
                }
                long ticks = run.decodeTime() == TrackRun.UNKNOWN
                        ? nextTicks.getOrDefault(run.trackId(), 0L)
                        : run.decodeTime();
                for (int i = 0; i < run.count(); i++) {
                    listener.sample(ticks, run.duration(i), run.compositionOffset(i));
                    ticks += run.duration(i);
                }
                nextTicks.put(run.trackId(), ticks);
            }
        }
    }
}
