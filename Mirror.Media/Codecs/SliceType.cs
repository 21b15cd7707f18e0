namespace Mirror.Media.Codecs;

/// <summary>How a slice is predicted (H.264 Table 7-6, H.265 Table 7-7).</summary>
public enum SliceType
{
    /// <summary>From earlier and later pictures.</summary>
    B,

    /// <summary>From other pictures, one vector a block (H.264: SP as well).</summary>
    P,

    /// <summary>From its own picture only (H.264: SI as well).</summary>
    I,
}
