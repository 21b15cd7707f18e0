namespace Mirror.Media.Codecs.Av1;

/// <summary>obu_type values (AV1 §6.2.2).</summary>
public enum Av1ObuType : byte
{
    /// <summary>Sequence header.</summary>
    SequenceHeader = 1,

    /// <summary>Temporal delimiter: starts a temporal unit.</summary>
    TemporalDelimiter = 2,

    /// <summary>Frame header.</summary>
    FrameHeader = 3,

    /// <summary>Tile group.</summary>
    TileGroup = 4,

    /// <summary>Metadata.</summary>
    Metadata = 5,

    /// <summary>Frame header and tile group in one.</summary>
    Frame = 6,

    /// <summary>A copy of a frame header.</summary>
    RedundantFrameHeader = 7,

    /// <summary>Tile list, of large-scale tile coding.</summary>
    TileList = 8,

    /// <summary>Padding.</summary>
    Padding = 15,
}
