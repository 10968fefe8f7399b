package tapedeck.transcode.picture;

import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.DoublePointer;
import org.jspecify.annotations.Nullable;
import tapedeck.transcode.NativeFailure;

/// The picture of a source as it stands in a [Canvas]. Scaled once for each picture of the source; put in as often as
/// something was under it. Only in a worker.
public final class Tile implements AutoCloseable {
    private final PictureSource source;
    private final int rotationDegrees;
    private @Nullable SwsContext scaler;
    private @Nullable AVFrame scaled;
    private long scaledSerial = -1;
    private long paintedSerial = -1;
    private int fromWidth;
    private int fromHeight;
    private int fromFormat;

    /// @param rotationDegrees how far the picture has to be turned clockwise
    public Tile(PictureSource source, int rotationDegrees) {
        this.source = source;
        this.rotationDegrees = rotationDegrees;
    }

    private boolean upright() {
        return rotationDegrees % 180 == 0;
    }

    /// Of the picture as it is looked at, with square pixels.
    public int shownWidth() {
        return upright() ? width() : source.current().height();
    }

    public int shownHeight() {
        return upright() ? source.current().height() : width();
    }

    private int width() {
        AVFrame picture = source.current();
        int num = picture.sample_aspect_ratio().num();
        int den = picture.sample_aspect_ratio().den();
        return num > 0 && den > 0 ? Math.clamp((long) picture.width() * num / den, 1, 1 << 15) : picture.width();
    }

    /// Whether the source's picture is another one than was painted last.
    public boolean isStale() {
        return paintedSerial != source.serial();
    }

    /// Puts the source's picture there.
    public void paint(Canvas canvas, Area target) {
        int width = upright() ? target.width() : target.height();
        int height = upright() ? target.height() : target.width();
        AVFrame picture = scaled;
        if (picture == null || picture.width() != width || picture.height() != height) {
            if (picture != null) {
                avutil.av_frame_free(picture);
            }
            picture = avutil.av_frame_alloc();
            picture.width(width).height(height).format(avutil.AV_PIX_FMT_YUV420P);
            NativeFailure.check("tile", avutil.av_frame_get_buffer(picture, 0));
            scaled = picture;
            scaledSerial = -1;
        }
        AVFrame from = source.current();
        paintedSerial = source.serial();
        if (isAsIs(from, width, height)) {
            canvas.put(from, target, rotationDegrees);
            return;
        }
        if (scaledSerial != source.serial()) {
            scale(from, picture);
            scaledSerial = source.serial();
        }
        canvas.put(picture, target, rotationDegrees);
    }

    private static boolean isAsIs(AVFrame from, int width, int height) {
        return from.width() == width
                && from.height() == height
                && from.format() == avutil.AV_PIX_FMT_YUV420P
                && from.color_range() != avutil.AVCOL_RANGE_JPEG;
    }

    private void scale(AVFrame from, AVFrame to) {
        SwsContext before = scaler;
        int range = isFull(from) ? 1 : 0;
        boolean same = before != null
                && from.width() == fromWidth
                && from.height() == fromHeight
                && from.format() == fromFormat;
        SwsContext now = swscale.sws_getCachedContext(
                before,
                from.width(),
                from.height(),
                from.format(),
                to.width(),
                to.height(),
                avutil.AV_PIX_FMT_YUV420P,
                swscale.SWS_BILINEAR,
                null,
                null,
                (DoublePointer) null);
        if (now == null) {
            throw new NativeFailure("scaler", -1);
        }
        if (range == 1 && !(same && now.equals(before))) {
            swscale.sws_setColorspaceDetails(
                    now,
                    swscale.sws_getCoefficients(swscale.SWS_CS_ITU709),
                    range,
                    swscale.sws_getCoefficients(swscale.SWS_CS_ITU709),
                    0,
                    0,
                    1 << 16,
                    1 << 16);
        }
        fromWidth = from.width();
        fromHeight = from.height();
        fromFormat = from.format();
        scaler = now;
        NativeFailure.check(
                "scaling",
                swscale.sws_scale(now, from.data(), from.linesize(), 0, from.height(), to.data(), to.linesize()));
    }

    private static boolean isFull(AVFrame from) {
        return from.color_range() == avutil.AVCOL_RANGE_JPEG || from.format() == avutil.AV_PIX_FMT_YUVJ420P;
    }

    @Override
    public void close() {
        if (scaler != null) {
            swscale.sws_freeContext(scaler);
            scaler = null;
        }
        if (scaled != null) {
            avutil.av_frame_free(scaled);
            scaled = null;
        }
    }
}
