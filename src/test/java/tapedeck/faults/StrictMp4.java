package tapedeck.faults;

import static tapedeck.faults.RecordedFile.require;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.faults.RecordedFile.Sample;

/// An ordinary MP4 with one `moov` (ISO/IEC 14496-12 8): the boxes fill the file, and every sample lies inside an
/// `mdat`.
final class StrictMp4 {
    private record Box(String type, int from, int to) {}

    private final Path file;
    private final ByteBuffer bytes;
    private final byte[] array;
    private final List<Box> mediaData = new ArrayList<>();
    private final List<Sample> video = new ArrayList<>();
    private final List<Sample> audio = new ArrayList<>();

    StrictMp4(Path file, byte[] array) {
        this.file = file;
        this.array = array;
        this.bytes = ByteBuffer.wrap(array);
    }

    RecordedFile read() {
        List<Box> top = boxes(0, bytes.limit());
        require(!top.isEmpty() && top.getFirst().type().equals("ftyp"), file + ": no ftyp in front");
        top.stream().filter(box -> box.type().equals("mdat")).forEach(mediaData::add);
        List<Box> movies = top.stream().filter(box -> box.type().equals("moov")).toList();
        require(movies.size() == 1, file + ": " + movies.size() + " moov");
        require(top.stream().noneMatch(box -> box.type().equals("moof")), file + ": is still fragmented");
        List<Box> movie = children(movies.getFirst());
        int movieScale = u32(one(movie, "mvhd").from() + timescaleAt(one(movie, "mvhd")));
        for (Box track : movie) {
            if (track.type().equals("trak")) {
                track(children(track), movieScale);
            }
        }
        return new RecordedFile(file, video, audio);
    }

    private void track(List<Box> track, int movieScale) {
        List<Box> media = children(one(track, "mdia"));
        Box header = one(media, "mdhd");
        double scale = u32(header.from() + timescaleAt(header));
        String handler = type(one(media, "hdlr").from() + 8);
        List<Box> table = children(one(children(one(media, "minf")), "stbl"));
        Box descriptions = one(table, "stsd");
        boolean avc = type(descriptions.from() + 12).startsWith("avc");
        int[] sizes = sizes(one(table, "stsz"));
        long[] offsets = offsets(table, sizes);
        long[] times = times(one(table, "stts"), sizes.length);
        long[] compositions = compositions(table, sizes.length);
        boolean[] sync = sync(table, sizes.length);
        double shiftMillis = shiftMillis(track, movieScale, scale);
        List<Sample> samples = handler.equals("vide") ? video : audio;
        require(samples.isEmpty(), file + ": two tracks of kind " + handler);
        for (int i = 0; i < sizes.length; i++) {
            Bytes data = data(offsets[i], sizes[i]);
            double dts = times[i] * 1000.0 / scale + shiftMillis;
            double pts = (times[i] + compositions[i]) * 1000.0 / scale + shiftMillis;
            samples.add(new Sample(dts, pts, sync[i], avc ? Clip.slices(data) : Clip.crc(data)));
        }
    }

    private Bytes data(long offset, int size) {
        boolean inside = mediaData.stream().anyMatch(box -> offset >= box.from() && offset + size <= box.to());
        require(inside, "%s: a sample of %d bytes at %d is in no mdat".formatted(file, size, offset));
        return Bytes.wrap(array, (int) offset, (int) offset + size);
    }

    private int[] sizes(Box box) {
        int same = u32(box.from() + 4);
        int[] sizes = new int[u32(box.from() + 8)];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = same != 0 ? same : u32(box.from() + 12 + 4 * i);
            require(sizes[i] > 0, file + ": sample " + i + " is empty");
        }
        return sizes;
    }

    private long[] offsets(List<Box> table, int[] sizes) {
        Box chunks = table.stream()
                .filter(box -> box.type().equals("stco") || box.type().equals("co64"))
                .findFirst()
                .orElseThrow(() -> new AssertionError(file + ": no chunk offsets"));
        boolean wide = chunks.type().equals("co64");
        Box runs = one(table, "stsc");
        int runCount = u32(runs.from() + 4);
        int chunkCount = u32(chunks.from() + 4);
        long[] offsets = new long[sizes.length];
        int sample = 0;
        int run = 0;
        for (int chunk = 1; chunk <= chunkCount; chunk++) {
            while (run + 1 < runCount && u32(runs.from() + 8 + 12 * (run + 1)) <= chunk) {
                run++;
            }
            int at = chunks.from() + 8 + (chunk - 1) * (wide ? 8 : 4);
            long offset = wide ? bytes.getLong(at) : bytes.getInt(at) & 0xFFFFFFFFL;
            for (int i = u32(runs.from() + 12 + 12 * run); i > 0; i--) {
                require(sample < sizes.length, file + ": more samples in chunks than sizes");
                offsets[sample] = offset;
                offset += sizes[sample++];
            }
        }
        require(sample == sizes.length, file + ": fewer samples in chunks than sizes");
        return offsets;
    }

    private long[] times(Box box, int count) {
        long[] times = new long[count];
        int sample = 0;
        long time = 0;
        for (int run = 0; run < u32(box.from() + 4); run++) {
            for (int i = u32(box.from() + 8 + 8 * run); i > 0; i--) {
                require(sample < count, file + ": more times than sizes");
                times[sample++] = time;
                time += bytes.getInt(box.from() + 12 + 8 * run) & 0xFFFFFFFFL;
            }
        }
        require(sample == count, file + ": fewer times than sizes");
        return times;
    }

    private long[] compositions(List<Box> table, int count) {
        long[] compositions = new long[count];
        table.stream().filter(box -> box.type().equals("ctts")).findFirst().ifPresent(box -> {
            int sample = 0;
            for (int run = 0; run < u32(box.from() + 4); run++) {
                for (int i = u32(box.from() + 8 + 8 * run); i > 0; i--) {
                    compositions[sample++] = bytes.getInt(box.from() + 12 + 8 * run);
                }
            }
            require(sample == count, file + ": ctts is not about all samples");
        });
        return compositions;
    }

    private boolean[] sync(List<Box> table, int count) {
        boolean[] sync = new boolean[count];
        var box = table.stream().filter(each -> each.type().equals("stss")).findFirst();
        if (box.isEmpty()) {
            Arrays.fill(sync, true);
        } else {
            for (int i = 0; i < u32(box.get().from() + 4); i++) {
                sync[u32(box.get().from() + 8 + 4 * i) - 1] = true;
            }
        }
        return sync;
    }

    /// What an edit list adds to the times: empty edits first, then the media from some time on.
    private double shiftMillis(List<Box> track, double movieScale, double scale) {
        for (Box edits : track) {
            if (edits.type().equals("edts")) {
                Box list = one(children(edits), "elst");
                boolean wide = bytes.get(list.from()) == 1;
                double shift = 0;
                for (int i = 0; i < u32(list.from() + 4); i++) {
                    int at = list.from() + 8 + i * (wide ? 20 : 12);
                    long duration = wide ? bytes.getLong(at) : bytes.getInt(at) & 0xFFFFFFFFL;
                    long mediaTime = wide ? bytes.getLong(at + 8) : bytes.getInt(at + 4);
                    if (mediaTime >= 0) {
                        return shift - mediaTime * 1000.0 / scale;
                    }
                    shift += duration * 1000.0 / movieScale;
                }
            }
        }
        return 0;
    }

    private int timescaleAt(Box header) {
        return bytes.get(header.from()) == 1 ? 20 : 12;
    }

    private List<Box> children(Box parent) {
        return boxes(parent.from(), parent.to());
    }

    private Box one(List<Box> boxes, String type) {
        List<Box> found = boxes.stream().filter(box -> box.type().equals(type)).toList();
        require(found.size() == 1, "%s: %d boxes %s".formatted(file, found.size(), type));
        return found.getFirst();
    }

    private List<Box> boxes(int from, int to) {
        List<Box> boxes = new ArrayList<>();
        int at = from;
        while (at < to) {
            require(to - at >= 8, "%s: %d bytes too many at %d".formatted(file, to - at, at));
            long size = bytes.getInt(at) & 0xFFFFFFFFL;
            int head = 8;
            if (size == 1) {
                size = bytes.getLong(at + 8);
                head = 16;
            }
            require(size >= head && size <= to - at, "%s: a box of %d bytes at %d".formatted(file, size, at));
            boxes.add(new Box(type(at + 4), at + head, (int) (at + size)));
            at += (int) size;
        }
        return boxes;
    }

    private String type(int at) {
        return new String(array, at, 4, StandardCharsets.ISO_8859_1);
    }

    private int u32(int at) {
        int value = bytes.getInt(at);
        require(value >= 0, "%s: a count of %d at %d".formatted(file, value & 0xFFFFFFFFL, at));
        return value;
    }
}
