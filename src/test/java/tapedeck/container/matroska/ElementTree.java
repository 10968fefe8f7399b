package tapedeck.container.matroska;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import tapedeck.bytes.Bytes;

/// A file as text: one line for each element, masters opened, CRC-32 elements checked against what they cover.
///
/// Strict on purpose, and written apart from what the server reads with: sizes have to add up, and what stands behind a
/// segment of unknown size has to be whole.
final class ElementTree {
    private static final Map<Long, String> NAMES = new LinkedHashMap<>();
    private static final String MASTERS = " EBML Segment SeekHead Seek Info Tracks TrackEntry Video Audio Cluster Cues"
            + " CuePoint CueTrackPositions ";
    private static final String NUMBERS =
            " EBMLVersion EBMLReadVersion EBMLMaxIDLength EBMLMaxSizeLength DocTypeVersion"
                    + " DocTypeReadVersion SeekPosition TimestampScale DateUTC TrackNumber TrackUID TrackType FlagLacing"
                    + " CodecDelay SeekPreRoll PixelWidth PixelHeight Channels BitDepth Timestamp CueTime CueTrack"
                    + " CueClusterPosition ";
    private static final String TEXTS = " DocType Title MuxingApp WritingApp Language CodecID ";
    private static final String FLOATS = " Duration SamplingFrequency ";

    static {
        String table = "1A45DFA3 EBML 4286 EBMLVersion 42F7 EBMLReadVersion 42F2 EBMLMaxIDLength 42F3 EBMLMaxSizeLength"
                + " 4282 DocType 4287 DocTypeVersion 4285 DocTypeReadVersion EC Void BF CRC-32 18538067 Segment"
                + " 114D9B74 SeekHead 4DBB Seek 53AB SeekID 53AC SeekPosition 1549A966 Info 2AD7B1 TimestampScale"
                + " 4489 Duration 4461 DateUTC 7BA9 Title 4D80 MuxingApp 5741 WritingApp 1654AE6B Tracks AE TrackEntry"
                + " D7 TrackNumber 73C5 TrackUID 83 TrackType 9C FlagLacing 22B59C Language 86 CodecID"
                + " 63A2 CodecPrivate 56AA CodecDelay 56BB SeekPreRoll E0 Video B0 PixelWidth BA PixelHeight E1 Audio"
                + " B5 SamplingFrequency 9F Channels 6264 BitDepth 1F43B675 Cluster E7 Timestamp A3 SimpleBlock"
                + " 1C53BB6B Cues BB CuePoint B3 CueTime B7 CueTrackPositions F7 CueTrack F1 CueClusterPosition";
        String[] words = table.split(" ");
        for (int i = 0; i < words.length; i += 2) {
            NAMES.put(Long.parseLong(words[i], 16), words[i + 1]);
        }
    }

    private final Bytes file;
    private final StringBuilder out = new StringBuilder();

    private ElementTree(Bytes file) {
        this.file = file;
    }

    static String of(Bytes file) {
        ElementTree tree = new ElementTree(file);
        tree.children(0, file.length(), 0);
        return tree.out.toString();
    }

    private void children(int from, int end, int depth) {
        int at = from;
        while (at < end) {
            at = element(at, end, depth);
        }
    }

    private int element(int at, int parentEnd, int depth) {
        int idBytes = Integer.numberOfLeadingZeros(file.u8(at)) - 23;
        long id = number(at, idBytes);
        int sizeAt = at + idBytes;
        int sizeBytes = Integer.numberOfLeadingZeros(file.u8(sizeAt)) - 23;
        long max = (1L << 7 * sizeBytes) - 1;
        long size = number(sizeAt, sizeBytes) & max;
        int from = sizeAt + sizeBytes;
        boolean unknown = size == max;
        int end = unknown ? parentEnd : Math.toIntExact(from + size);
        String name = NAMES.get(id);
        if (name == null || end > parentEnd) {
            throw new AssertionError(
                    "element %x of %d bytes at %d, parent ends at %d".formatted(id, size, at, parentEnd));
        }
        out.append("  ".repeat(depth)).append("%d %s".formatted(at, name));
        if (MASTERS.contains(" " + name + " ")) {
            out.append(unknown ? " of unknown size\n" : " %d\n".formatted(size));
            children(from, end, depth + 1);
        } else {
            out.append(" ").append(value(name, from, end, parentEnd)).append("\n");
        }
        return end;
    }

    private String value(String name, int from, int end, int parentEnd) {
        Bytes content = file.slice(from, end);
        if (NUMBERS.contains(" " + name + " ")) {
            return Long.toUnsignedString(number(from, end - from));
        }
        if (TEXTS.contains(" " + name + " ")) {
            return content.toUtf8();
        }
        if (FLOATS.contains(" " + name + " ")) {
            return Double.toString(content.reader().f64());
        }
        return switch (name) {
            case "CRC-32" -> crc(content, end, parentEnd);
            case "Void" -> (end - from) + " bytes";
            case "SimpleBlock" -> block(content);
            default -> content.toHex();
        };
    }

    private String crc(Bytes value, int from, int end) {
        CRC32 crc = new CRC32();
        file.slice(from, end).update(crc);
        int expected = Integer.reverseBytes((int) crc.getValue());
        return value.i32(0) == expected ? "right" : "WRONG";
    }

    private static String block(Bytes content) {
        CRC32 crc = new CRC32();
        content.slice(4).update(crc);
        return "track %d %+d %02x %d bytes %08x"
                .formatted(
                        content.u8(0) & 0x7F,
                        (short) content.u16(1),
                        content.u8(3),
                        content.length() - 4,
                        crc.getValue());
    }

    private long number(int at, int count) {
        long value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 8 | file.u8(at + i);
        }
        return value;
    }
}
