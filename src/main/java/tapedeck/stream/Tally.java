package tapedeck.stream;

import java.util.ArrayList;
import java.util.List;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.SessionReport.TrackReport;

/// Frames and their bytes, pictures and sound apart.
public final class Tally {
    private long videoFrames;
    private long videoBytes;
    private long audioFrames;
    private long audioBytes;

    public void add(Frame frame) {
        if (frame.track().isVideo()) {
            videoFrames++;
            videoBytes += frame.data().length();
        } else {
            audioFrames++;
            audioBytes += frame.data().length();
        }
    }

    /// Frames of which nobody knows what they were: pictures, where the stream has some.
    public static Tally ofUnknown(List<Track> tracks, long frames) {
        Tally tally = new Tally();
        if (tracks.stream().anyMatch(Track::isVideo)) {
            tally.videoFrames = frames;
        } else {
            tally.audioFrames = frames;
        }
        return tally;
    }

    public void add(Tally other) {
        videoFrames += other.videoFrames;
        videoBytes += other.videoBytes;
        audioFrames += other.audioFrames;
        audioBytes += other.audioBytes;
    }

    public void subtract(Tally other) {
        videoFrames -= other.videoFrames;
        videoBytes -= other.videoBytes;
        audioFrames -= other.audioFrames;
        audioBytes -= other.audioBytes;
    }

    public Tally copy() {
        Tally copy = new Tally();
        copy.add(this);
        return copy;
    }

    public long frames() {
        return videoFrames + audioFrames;
    }

    public long bytes() {
        return videoBytes + audioBytes;
    }

    /// Of each track; where there are several of a kind, the first has what all of them have together.
    ///
    /// @param missing frames that should have been among these
    public List<TrackReport> reports(List<Track> tracks, Tally missing) {
        List<TrackReport> reports = new ArrayList<>(tracks.size());
        boolean video = false;
        boolean audio = false;
        for (Track track : tracks) {
            if (track.isVideo()) {
                reports.add(
                        video
                                ? TrackReport.of(track, 0, 0, 0)
                                : TrackReport.of(track, videoBytes, videoFrames, missing.videoFrames));
                video = true;
            } else {
                reports.add(
                        audio
                                ? TrackReport.of(track, 0, 0, 0)
                                : TrackReport.of(track, audioBytes, audioFrames, missing.audioFrames));
                audio = true;
            }
        }
        return reports;
    }
}
