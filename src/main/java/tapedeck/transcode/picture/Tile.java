package tapedeck.transcode.picture;

import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.jspecify.annotations.Nullable;

/// The picture of a source as it stands in a [Canvas]. Scaled once for each picture of the source; put in as often as
/// something was under it. Only in a worker.
public final class Tile implements AutoCloseable {
    private final PictureSource source;
    private int rotationDegrees;
    private @Nullable Scaler scaler;
    /// Of the scaler's.
    private @Nullable AVFrame scaled;
    private long scaledSerial = -1;
    private long paintedSerial = -1;

    /// @param rotationDegrees how far the picture has to be turned clockwise
    public Tile(PictureSource source, int rotationDegrees) {
        this.source = source;
        this.rotationDegrees = rotationDegrees;
    }

    /// The source's current picture and those that follow have to be turned by so much.
    public void turn(int degrees) {
        rotationDegrees = degrees;
        paintedSerial = -1;
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
        AVFrame from = source.current();
        paintedSerial = source.serial();
        if (isAsIs(from, width, height)) {
            canvas.put(from, target, rotationDegrees);
            return;
        }
        Scaler scale = scaler;
        if (scale == null || !scale.takes(from, width, height)) {
            closeScaler();
            scale = new Scaler(from, width, height);
            scaler = scale;
        }
        AVFrame picture = scaled;
        if (picture == null || scaledSerial != source.serial()) {
            picture = scale.scale(from);
            scaled = picture;
            scaledSerial = source.serial();
        }
        if (picture != null) {
            canvas.put(picture, target, rotationDegrees);
        }
    }

    private static boolean isAsIs(AVFrame from, int width, int height) {
        return from.width() == width
                && from.height() == height
                && from.format() == avutil.AV_PIX_FMT_YUV420P
                && from.color_range() != avutil.AVCOL_RANGE_JPEG;
    }

    private void closeScaler() {
        scaled = null;
        if (scaler != null) {
            scaler.close();
            scaler = null;
        }
    }

    @Override
    public void close() {
        closeScaler();
    }
}
