namespace Mirror.Media.Codecs.H264;

/// <summary>nal_unit_type values that Mirror tells apart (H.264 Table 7-1).</summary>
public enum H264NalUnitType : byte
{
    /// <summary>Slice of a non-IDR picture.</summary>
    Slice = 1,

    /// <summary>Slice data partition A: the one with the slice header.</summary>
    PartitionA = 2,

    /// <summary>Slice of an IDR picture.</summary>
    IdrSlice = 5,

    /// <summary>Supplemental enhancement information.</summary>
    Sei = 6,

    /// <summary>Sequence parameter set.</summary>
    Sps = 7,

    /// <summary>Picture parameter set.</summary>
    Pps = 8,

    /// <summary>Access unit delimiter.</summary>
    AccessUnitDelimiter = 9,

    /// <summary>Filler data.</summary>
    Filler = 12,

    /// <summary>Sequence parameter set extension.</summary>
    SpsExtension = 13,

    /// <summary>Prefix NAL unit.</summary>
    Prefix = 14,

    /// <summary>Subset sequence parameter set.</summary>
    SubsetSps = 15,

    /// <summary>The last of the types that start an access unit when they follow a picture (§7.4.1.2.3).</summary>
    LastReservedUnitStart = 18,
}
