package tapedeck.container.mp4;

import java.util.Set;
import java.util.zip.CRC32;
import tapedeck.bytes.Bytes;

/// A file's boxes as text: type and size, numbers of tables as numbers, the rest as hex, media as its length and CRC.
final class BoxTree {
    private static final Set<String> CONTAINERS =
            Set.of("moov", "trak", "mdia", "minf", "dinf", "stbl", "edts", "mvex", "moof", "traf", "udta", "ilst");
    private static final Set<String> NUMBERS = Set.of(
            "mvhd", "tkhd", "mdhd", "elst", "mehd", "trex", "stts", "ctts", "stss", "stsc", "stsz", "stco", "co64",
            "mfhd", "tfhd", "tfdt", "trun");
    private static final int WORDS_PER_LINE = 24;

    private final StringBuilder out = new StringBuilder();

    private BoxTree() {}

    static String of(Bytes file) {
        BoxTree tree = new BoxTree();
        tree.boxes(file, "");
        return tree.out.toString();
    }

    private void boxes(Bytes bytes, String indent) {
        for (int at = 0; at < bytes.length(); ) {
            long size = bytes.u32(at);
            int header = 8;
            if (size == 1) {
                size = (long) bytes.i32(at + 8) << 32 | bytes.u32(at + 12);
                header = 16;
            }
            String type = Layout.type(bytes, at + 4);
            int end = Math.toIntExact(at + size);
            out.append(indent).append(type).append(' ').append(size);
            body(type, bytes.slice(at + header, end), indent);
            at = end;
        }
    }

    private void body(String type, Bytes body, String indent) {
        String inner = indent + "  ";
        if (CONTAINERS.contains(type)) {
            out.append('\n');
            boxes(body, inner);
        } else if (type.equals("stsd") || type.equals("dref")) {
            out.append(" count ").append(body.u32(4)).append('\n');
            boxes(body.slice(8), inner);
        } else if (type.equals("meta")) {
            out.append('\n');
            boxes(body.slice(4), inner);
        } else if (NUMBERS.contains(type)) {
            out.append(": version ").append(body.u8(0)).append(" flags ").append("%x".formatted(body.u24(1)));
            for (int i = 4; i + 4 <= body.length(); i += 4) {
                if (i > 4 && (i - 4) / 4 % WORDS_PER_LINE == 0) {
                    out.append('\n').append(inner);
                }
                out.append(' ').append(body.i32(i));
            }
            out.append('\n');
        } else if (type.equals("free") && body.length() > 16) {
            int zeros = 0;
            while (zeros < body.length() && body.u8(zeros) == 0) {
                zeros++;
            }
            out.append(": ")
                    .append(zeros)
                    .append(" zeros, then ")
                    .append(body.slice(zeros).toHex());
            out.append('\n');
        } else if (type.equals("mdat")) {
            CRC32 crc = new CRC32();
            body.update(crc);
            out.append(": %d bytes, CRC %08x%n".formatted(body.length(), crc.getValue()));
        } else {
            out.append(": ").append(body.toHex()).append('\n');
        }
    }
}
