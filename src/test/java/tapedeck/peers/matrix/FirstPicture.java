package tapedeck.peers.matrix;

import java.nio.ByteBuffer;
import java.util.Optional;

/// Whether the first picture is in a file that a player still writes: Matroska (RFC 9559) or FLV. In a file whose head
/// names no picture it is the first sound.
final class FirstPicture {
    private static final int HEAD = 0x1A45DFA3;
    private static final int SEGMENT = 0x18538067;
    private static final int TRACKS = 0x1654AE6B;
    private static final int TRACK = 0xAE;
    private static final int TRACK_NUMBER = 0xD7;
    private static final int TRACK_TYPE = 0x83;
    private static final int CLUSTER = 0x1F43B675;
    private static final int BLOCK_GROUP = 0xA0;
    private static final int BLOCK = 0xA1;
    private static final int SIMPLE_BLOCK = 0xA3;
    private static final int VIDEO = 1;

    private static final int FLV_HEAD = 9 + 4;
    private static final int FLV_TAG_HEAD = 11;
    private static final int FLV_VIDEO = 9;
    /// `FrameType` 5 is a command, `AVCPacketType` 0 a parameter set: neither is a picture.
    private static final int FLV_PICTURE_BYTES = 6;

    private final ByteBuffer file;
    private long number;
    private long type;
    private Optional<Long> picture = Optional.empty();
    private boolean there;

    private FirstPicture(byte[] file) {
        this.file = ByteBuffer.wrap(file);
    }

    /// @param file as far as it is written
    static boolean isIn(byte[] file) {
        FirstPicture look = new FirstPicture(file);
        if (file.length > FLV_HEAD && file[0] == 'F' && file[1] == 'L' && file[2] == 'V') {
            look.tags();
        } else if (file.length > Integer.BYTES && look.file.getInt(0) == HEAD) {
            look.elements(file.length);
        }
        return look.there;
    }

    private void tags() {
        file.position(FLV_HEAD);
        while (file.remaining() >= FLV_TAG_HEAD + FLV_PICTURE_BYTES) {
            int at = file.position();
            int kind = file.get(at) & 0x1F;
            int size = file.getInt(at) & 0xFFFFFF;
            int next = at + FLV_TAG_HEAD + size + Integer.BYTES;
            if (next > file.limit()) {
                return;
            }
            boolean coded = file.get(at + FLV_TAG_HEAD + 1) == 1;
            if (kind == FLV_VIDEO && size > FLV_PICTURE_BYTES && coded) {
                there = true;
                return;
            }
            file.position(next);
        }
    }

    /// What stands up to `end`, as far as it is whole.
    private void elements(int end) {
        while (!there && file.position() < end) {
            long id = variable(end, true);
            long size = variable(end, false);
            if (size < 0 || id < 0) {
                return;
            }
            int begin = file.position();
            boolean open = id == SEGMENT || id == CLUSTER || id == BLOCK_GROUP || id == TRACKS || id == TRACK;
            if (!open && begin + size > end) {
                return;
            }
            int next = (int) Math.min(end, begin + size);
            if (open) {
                elements(next);
                if (id == TRACK && type == VIDEO) {
                    picture = Optional.of(number);
                }
            } else {
                leaf(id, (int) size);
            }
            file.position(next);
        }
    }

    private void leaf(long id, int size) {
        if (id == TRACK_NUMBER) {
            number = unsigned(size);
        } else if (id == TRACK_TYPE) {
            type = unsigned(size);
        } else if (id == BLOCK || id == SIMPLE_BLOCK) {
            long track = variable(file.limit(), false);
            there = picture.isEmpty() || picture.get() == track;
        }
    }

    private long unsigned(int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value = value << Byte.SIZE | file.get() & 0xFF;
        }
        return value;
    }

    /// RFC 8794, section 4: an id with its marker, a size without; one that is not known is as large as can be.
    private long variable(int end, boolean marker) {
        if (file.position() >= end) {
            return -1;
        }
        int first = file.get() & 0xFF;
        int more = Integer.numberOfLeadingZeros(first) - (Integer.SIZE - Byte.SIZE);
        if (more >= Byte.SIZE || end - file.position() < more) {
            return -1;
        }
        long value = marker ? first : first & (0x7F >> more);
        for (int i = 0; i < more; i++) {
            value = value << Byte.SIZE | file.get() & 0xFF;
        }
        boolean unknown = !marker && value == (1L << 7 * (more + 1)) - 1;
        return unknown ? Integer.MAX_VALUE : value;
    }
}
