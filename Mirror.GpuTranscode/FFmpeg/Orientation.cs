namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>How a coded picture is turned for display: the quarter turns and mirrorings of a display orientation SEI message (H.264 §D.2.27).</summary>
internal enum Orientation
{
    /// <summary>As coded.</summary>
    Upright,

    /// <summary>Left and right change places.</summary>
    MirroredHorizontally,

    /// <summary>Upside down by half a turn.</summary>
    HalfTurn,

    /// <summary>Top and bottom change places.</summary>
    MirroredVertically,

    /// <summary>Rows become columns.</summary>
    Transposed,

    /// <summary>A quarter turn clockwise.</summary>
    Clockwise,

    /// <summary>A quarter turn counterclockwise.</summary>
    Counterclockwise,

    /// <summary>Rows become columns, then half a turn.</summary>
    TransposedHalfTurn,
}

/// <summary>Reads and applies orientations.</summary>
internal static class Orientations
{
    /// <summary>The orientation nearest to a display matrix: x' = a·x + c·y, y' = b·x + d·y in 16.16 fixed point, rows {a b u}, {c d v}, {x y w}.</summary>
    public static unsafe Orientation Of(int* matrix)
    {
        long a = matrix[0];
        long b = matrix[1];
        long c = matrix[3];
        long d = matrix[4];
        bool isTransposed = Math.Abs(b) + Math.Abs(c) > Math.Abs(a) + Math.Abs(d);
        return (isTransposed, isTransposed ? b < 0 : a < 0, isTransposed ? c < 0 : d < 0) switch
        {
            (false, false, false) => Orientation.Upright,
            (false, true, false) => Orientation.MirroredHorizontally,
            (false, true, true) => Orientation.HalfTurn,
            (false, false, true) => Orientation.MirroredVertically,
            (true, false, false) => Orientation.Transposed,
            (true, false, true) => Orientation.Clockwise,
            (true, true, false) => Orientation.Counterclockwise,
            (true, true, true) => Orientation.TransposedHalfTurn,
        };
    }

    /// <summary>Whether width and height change places.</summary>
    public static bool SwapsSides(this Orientation orientation) => orientation >= Orientation.Transposed;

    /// <summary>The filters that turn the picture; <see langword="null"/> where none is needed.</summary>
    public static string? Filters(this Orientation orientation) => orientation switch
    {
        Orientation.MirroredHorizontally => "hflip",
        Orientation.HalfTurn => "hflip,vflip",
        Orientation.MirroredVertically => "vflip",
        Orientation.Transposed => "transpose=cclock_flip",
        Orientation.Clockwise => "transpose=clock",
        Orientation.Counterclockwise => "transpose=cclock",
        Orientation.TransposedHalfTurn => "transpose=clock_flip",
        _ => null,
    };
}
