package tapedeck.transcode.picture;

/// A part of a picture, in pixels.
public record Area(int x, int y, int width, int height) {
    public boolean intersects(Area other) {
        return x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height;
    }

    /// The largest area of this shape inside, in the middle; all its numbers even, as pictures with half as much colour
    /// need it.
    public Area fit(int shapeWidth, int shapeHeight) {
        if (shapeWidth <= 0 || shapeHeight <= 0) {
            return this;
        }
        long fittedWidth = Math.min(width, Math.round((double) height * shapeWidth / shapeHeight));
        long fittedHeight = Math.min(height, Math.round((double) width * shapeHeight / shapeWidth));
        int w = even(fittedWidth);
        int h = even(fittedHeight);
        return new Area(x + (width - w) / 2 / 2 * 2, y + (height - h) / 2 / 2 * 2, w, h);
    }

    private static int even(long size) {
        return (int) Math.max(2, (size + 1) / 2 * 2 - (size % 2 == 0 ? 0 : 2));
    }
}
