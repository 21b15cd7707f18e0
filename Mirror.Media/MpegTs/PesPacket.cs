namespace Mirror.Media.MpegTs;

/// <summary>A view over a PES packet, or over what arrived of it. Valid until its assembler is used again.</summary>
public readonly ref struct PesPacket
{
    /// <summary>Its header.</summary>
    public PesHeader Header { get; internal init; }

    /// <summary>Bytes of the elementary stream.</summary>
    public ReadOnlySpan<byte> Payload { get; internal init; }

    /// <summary>Bytes are missing behind the payload.</summary>
    public bool IsTruncated { get; internal init; }
}
