package tapedeck.faults;

import static tapedeck.faults.RecordedFile.require;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.Bytes;
import tapedeck.faults.RecordedFile.Sample;

/// A finished WebM or MKV (RFC 9559): all sizes known, elements fill their parents to the byte, a duration and cues.
final class StrictMatroska {
    private static final int EBML = 0x1A45DFA3;
    private static final int SEGMENT = 0x18538067;
    private static final int INFO = 0x1549A966;
    private static final int TIMESTAMP_SCALE = 0x2AD7B1;
    private static final int DURATION = 0x4489;
    private static final int TRACKS = 0x1654AE6B;
    private static final int TRACK_ENTRY = 0xAE;
    private static final int TRACK_NUMBER = 0xD7;
    private static final int TRACK_TYPE = 0x83;
    private static final int CODEC_ID = 0x86;
    private static final int CLUSTER = 0x1F43B675;
    private static final int TIMESTAMP = 0xE7;
    private static final int SIMPLE_BLOCK = 0xA3;
    private static final int CUES = 0x1C53BB6B;
    private static final int VIDEO = 1;

    private record Element(int id, int from, int to) {}

    private record Track(boolean video, boolean avc) {}

    private final Path file;
    private final ByteBuffer bytes;
    private final byte[] array;
    private final Map<Integer, Track> tracks = new HashMap<>();
    private final List<Sample> video = new ArrayList<>();
    private final List<Sample> audio = new ArrayList<>();
    private double scaleMillis = 1;

    StrictMatroska(Path file, byte[] array) {
        this.file = file;
        this.array = array;
        this.bytes = ByteBuffer.wrap(array);
    }

    RecordedFile read() {
        List<Element> top = elements(0, bytes.limit());
        require(
                top.size() == 2 && top.get(0).id() == EBML && top.get(1).id() == SEGMENT,
                file + ": not one EBML head and one segment");
        List<Element> segment = children(top.get(1));
        List<Element> info = children(one(segment, INFO));
        scaleMillis = number(one(info, TIMESTAMP_SCALE)) / 1e6;
        one(info, DURATION);
        for (Element entry : children(one(segment, TRACKS))) {
            if (entry.id() == TRACK_ENTRY) {
                List<Element> track = children(entry);
                Element codec = one(track, CODEC_ID);
                String name = new String(array, codec.from(), codec.to() - codec.from(), StandardCharsets.US_ASCII);
                boolean isVideo = number(one(track, TRACK_TYPE)) == VIDEO;
                tracks.put((int) number(one(track, TRACK_NUMBER)), new Track(isVideo, name.equals("V_MPEG4/ISO/AVC")));
            }
        }
        one(segment, CUES);
        for (Element cluster : segment) {
            if (cluster.id() == CLUSTER) {
                cluster(children(cluster));
            }
        }
        return new RecordedFile(file, video, audio);
    }

    private void cluster(List<Element> cluster) {
        long time = number(one(cluster, TIMESTAMP));
        for (Element element : cluster) {
            if (element.id() == SIMPLE_BLOCK) {
                int number = bytes.get(element.from()) & 0x7F;
                Track track = tracks.get(number);
                require(track != null, file + ": a block of unknown track " + number);
                double millis = (time + bytes.getShort(element.from() + 1)) * scaleMillis;
                int flags = bytes.get(element.from() + 3);
                require((flags & 0x06) == 0, file + ": lacing, which we never write");
                Bytes data = Bytes.wrap(array, element.from() + 4, element.to());
                require(!data.isEmpty(), file + ": an empty block");
                (track.video() ? video : audio)
                        .add(new Sample(
                                millis, millis, (flags & 0x80) != 0, track.avc() ? Clip.slices(data) : Clip.crc(data)));
            }
        }
    }

    private List<Element> children(Element parent) {
        return elements(parent.from(), parent.to());
    }

    private Element one(List<Element> elements, int id) {
        List<Element> found =
                elements.stream().filter(element -> element.id() == id).toList();
        require(found.size() == 1, "%s: %d elements %x".formatted(file, found.size(), id));
        return found.getFirst();
    }

    private List<Element> elements(int from, int to) {
        List<Element> elements = new ArrayList<>();
        int at = from;
        while (at < to) {
            int idBytes = Integer.numberOfLeadingZeros(bytes.get(at) & 0xFF) - 23;
            require(idBytes <= 4 && at + idBytes < to, "%s: no element id at %d".formatted(file, at));
            int id = 0;
            for (int i = 0; i < idBytes; i++) {
                id = id << 8 | bytes.get(at + i) & 0xFF;
            }
            int sizeAt = at + idBytes;
            int sizeBytes = Integer.numberOfLeadingZeros(bytes.get(sizeAt) & 0xFF) - 23;
            require(sizeBytes <= 8 && sizeAt + sizeBytes <= to, "%s: no size at %d".formatted(file, sizeAt));
            long size = bytes.get(sizeAt) & (0xFF >> sizeBytes);
            for (int i = 1; i < sizeBytes; i++) {
                size = size << 8 | bytes.get(sizeAt + i) & 0xFF;
            }
            int data = sizeAt + sizeBytes;
            require(
                    size <= to - data,
                    "%s: element %x of %d bytes at %d reaches out of its parent".formatted(file, id, size, at));
            elements.add(new Element(id, data, (int) (data + size)));
            at = (int) (data + size);
        }
        return elements;
    }

    private long number(Element element) {
        long number = 0;
        for (int i = element.from(); i < element.to(); i++) {
            number = number << 8 | bytes.get(i) & 0xFF;
        }
        return number;
    }
}
