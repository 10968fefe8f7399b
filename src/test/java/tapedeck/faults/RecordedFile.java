package tapedeck.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A finished recording, read strictly and without any of the server's own code: every size has to add up, every time
/// has to go on, every picture has to be whole.
///
/// @param video pictures in decoding order
/// @param audio sound, in order
record RecordedFile(Path file, List<Sample> video, List<Sample> audio) {
    /// @param crc of the slices of an H.264 picture, of the bytes of anything else
    record Sample(double dtsMillis, double ptsMillis, boolean keyframe, int crc) {}

    RecordedFile {
        video = List.copyOf(video);
        audio = List.copyOf(audio);
    }

    static RecordedFile read(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        String name = file.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1);
        RecordedFile read = switch (extension) {
            case "mp4" -> new StrictMp4(file, bytes).read();
            case "webm", "mkv" -> new StrictMatroska(file, bytes).read();
            case "ts" -> new StrictTs(file, bytes).read();
            default -> throw new AssertionError(file + ": unknown extension");
        };
        read.timesGoOn("video", read.video);
        read.timesGoOn("audio", read.audio);
        require(
                read.video.isEmpty() || read.video.getFirst().keyframe(),
                file + ": video does not begin with a keyframe");
        return read;
    }

    private void timesGoOn(String kind, List<Sample> samples) {
        for (int i = 1; i < samples.size(); i++) {
            require(
                    samples.get(i).dtsMillis() > samples.get(i - 1).dtsMillis(),
                    "%s: %s sample %d at %.3f ms is not behind the one before, at %.3f ms"
                            .formatted(
                                    file,
                                    kind,
                                    i,
                                    samples.get(i).dtsMillis(),
                                    samples.get(i - 1).dtsMillis()));
        }
    }

    /// From the first picture to the last; of the sound if there is no picture.
    double spanMillis() {
        List<Sample> samples = video.isEmpty() ? audio : video;
        return samples.isEmpty()
                ? 0
                : samples.getLast().ptsMillis() - samples.getFirst().ptsMillis();
    }

    double endMillis(List<Sample> samples) {
        return samples.isEmpty() ? 0 : samples.getLast().ptsMillis();
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
