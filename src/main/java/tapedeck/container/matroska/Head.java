package tapedeck.container.matroska;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Track;

/// The bytes in front of the first cluster, laid out so that everything that changes later is changed by aligned 8-byte
/// writes: the Segment's size, the headers of the two Voids, and Duration.
///
/// @param bytes all but the hole behind the last Void's header
/// @param durationAt where in the file Duration's value stands
/// @param holeBytes what follows `bytes` before the first cluster
record Head(Bytes bytes, int durationAt, int holeBytes) {
    /// One tick is a millisecond, as in every WebM file and in RTMP.
    static final long TIMESTAMP_SCALE_NANOS = 1_000_000;
    /// A SeekHead of three entries with its CRC and a Void behind it; of a length that aligns Duration.
    static final int SEEK_RESERVE_BYTES = 101;
    /// "Unknown", in eight bytes: RFC 8794 6.2.
    static final long UNKNOWN_SIZE = 0x01FF_FFFF_FFFF_FFFFL;
    /// Hours of cue points of 20 bytes, one every two seconds: more goes to the end of the file.
    static final int MAX_VIDEO_RESERVE_BYTES = 1 << 16;
    /// Sound has one cue point every five seconds, and its files are small.
    static final int MAX_AUDIO_RESERVE_BYTES = 1 << 13;

    static final int RESERVE_HEADER_BYTES = 8;
    static final String APPLICATION = "Tapedeck";

    static final int ALIGNMENT = 8;
    /// See [#padding].
    static final int MAX_PADDING_BYTES = 9;
    /// RFC 8794 7.6: dates count from here in nanoseconds.
    static final Instant EBML_EPOCH = Instant.parse("2001-01-01T00:00:00Z");

    static Head of(Doctype doctype, List<Track> tracks, MuxerOptions options, double durationMillis) {
        EbmlWriter out = new EbmlWriter();
        int durationAt = begin(out, doctype, options, durationMillis);
        EbmlWriter entries = new EbmlWriter();
        boolean video = false;
        for (Track track : tracks) {
            entries.master(ElementId.TRACK_ENTRY, TrackEntry.write(track));
            video |= track.isVideo();
        }
        out.checkedMaster(ElementId.TRACKS, entries);
        out.voidOf(padding(out.length()));
        int most = video ? MAX_VIDEO_RESERVE_BYTES : MAX_AUDIO_RESERVE_BYTES;
        int holeBytes = Math.clamp(options.reserveBytes(), 0, most);
        out.raw(reserve(RESERVE_HEADER_BYTES + holeBytes));
        return new Head(out.toBytes(), durationAt, holeBytes);
    }

    /// Up to Info.
    ///
    /// @return where Duration's value stands
    private static int begin(EbmlWriter out, Doctype doctype, MuxerOptions options, double durationMillis) {
        out.raw(ebmlHeader(doctype)).id(ElementId.SEGMENT);
        out.raw(new ByteWriter(8).u64(UNKNOWN_SIZE).toBytes());
        out.raw(reserve(SEEK_RESERVE_BYTES)).raw(zeros(SEEK_RESERVE_BYTES - RESERVE_HEADER_BYTES));
        EbmlWriter info = new EbmlWriter()
                .real(ElementId.DURATION, durationMillis)
                .uint(ElementId.TIMESTAMP_SCALE, TIMESTAMP_SCALE_NANOS)
                .uint64(ElementId.DATE_UTC, ChronoUnit.NANOS.between(EBML_EPOCH, options.startedAt()));
        if (!options.title().isEmpty()) {
            info.text(ElementId.TITLE, options.title());
        }
        info.text(ElementId.MUXING_APP, APPLICATION).text(ElementId.WRITING_APP, APPLICATION);
        out.id(ElementId.INFO).size(info.length(), 4);
        // Duration is Info's first child: two bytes of identifier, one of size.
        int durationAt = out.length() + 3;
        out.raw(info.toBytes());
        return durationAt;
    }

    /// Of a file that takes tracks while it grows: up to where they are going to stand.
    static Head ofMany(MuxerOptions options, double durationMillis) {
        EbmlWriter out = new EbmlWriter();
        int durationAt = begin(out, Doctype.MKV, options, durationMillis);
        out.voidOf(padding(out.length()));
        return new Head(out.toBytes(), durationAt, 0);
    }

    /// A Void in front of `position` or nothing, so that what follows stands at a multiple of 8. One byte alone cannot
    /// be an element.
    static int padding(long position) {
        int bytes = (int) (-position & (ALIGNMENT - 1));
        return bytes == 1 ? bytes + ALIGNMENT : bytes;
    }

    /// Eight bytes in front of the Segment's data in WebM and MKV alike: the header's own size field takes up what the
    /// longer DocType leaves over.
    private static Bytes ebmlHeader(Doctype doctype) {
        EbmlWriter header = new EbmlWriter()
                .uint(ElementId.EBML_VERSION, 1)
                .uint(ElementId.EBML_READ_VERSION, 1)
                .uint(ElementId.EBML_MAX_ID_LENGTH, 4)
                .uint(ElementId.EBML_MAX_SIZE_LENGTH, 8)
                .text(ElementId.DOC_TYPE, doctype.text())
                .uint(ElementId.DOC_TYPE_VERSION, 4)
                .uint(ElementId.DOC_TYPE_READ_VERSION, 2);
        int idBytes = Integer.BYTES;
        int sizeBytes = 1 + (-(idBytes + 1 + header.length() + idBytes) & (ALIGNMENT - 1));
        return new EbmlWriter()
                .id(ElementId.EBML)
                .size(header.length(), sizeBytes)
                .raw(header.toBytes())
                .toBytes();
    }

    /// The header of a Void that takes `bytes` bytes with it, in exactly eight bytes.
    static Bytes reserve(long bytes) {
        return new ByteWriter(RESERVE_HEADER_BYTES)
                .u64(0xEC02_0000_0000_0000L | bytes - RESERVE_HEADER_BYTES)
                .toBytes();
    }

    /// The header of a master with a four-byte identifier, in exactly eight bytes: what is written over
    /// [#reserve(long)]'s.
    static Bytes masterHeader(int id, int contentBytes) {
        return new ByteWriter(RESERVE_HEADER_BYTES)
                .u32(id)
                .u32(0x1000_0000L | contentBytes)
                .toBytes();
    }

    private static Bytes zeros(int count) {
        return Bytes.wrap(new byte[count]);
    }
}
