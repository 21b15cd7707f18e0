using System.Buffers.Binary;
using Mirror.Media.Codecs;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Where a NAL unit lies in the bytes that an assembler works on.</summary>
/// <param name="CodeStart">First byte of its start code.</param>
/// <param name="Start">First byte of its header.</param>
/// <param name="Length">Its bytes, without trailing zeros.</param>
/// <param name="IsSample">It is part of the sample.</param>
internal readonly record struct NalUnitSpan(int CodeStart, int Start, int Length, bool IsSample);

/// <summary>A view over one whole coded picture as the assembler found it. Valid during the call that delivers it.</summary>
internal readonly ref struct CodedPicture
{
    private const int LengthPrefix = 4;

    /// <summary>The bytes in which its NAL units lie.</summary>
    public required ReadOnlySpan<byte> Bytes { get; init; }

    /// <summary>The sample keeps the start codes, from the first NAL unit's to the end of the last.</summary>
    public bool KeepsStartCodes { get; init; }

    /// <summary>Its NAL units; none where the bytes are the sample.</summary>
    public required ReadOnlySpan<NalUnitSpan> NalUnits { get; init; }

    /// <summary>What its headers tell.</summary>
    public required PictureInfo Info { get; init; }

    /// <summary>PTS of the PES packet in which it starts, 33 bits; negative when absent.</summary>
    public required long Pts33 { get; init; }

    /// <summary>DTS of that PES packet, 33 bits; negative when absent.</summary>
    public required long Dts33 { get; init; }

    /// <summary>When the first byte of that PES packet arrived (UTC).</summary>
    public required DateTime Arrival { get; init; }

    /// <summary>The sample: parameter sets that the track does not have, and NAL units with their lengths before them, or the bytes as they are. The caller holds the reference.</summary>
    public MediaBuffer ToPayload()
    {
        if (NalUnits.IsEmpty) { return MediaBuffer.CopyOf(Bytes); }
        if (KeepsStartCodes) { return MediaBuffer.CopyOf(Bytes[NalUnits[0].CodeStart..(NalUnits[^1].Start + NalUnits[^1].Length)]); }
        int size = Info.ParameterSets.Length;
        foreach (NalUnitSpan nalUnit in NalUnits) { size += nalUnit.IsSample ? LengthPrefix + nalUnit.Length : 0; }
        MediaBuffer payload = MediaBuffer.Rent(size);
        Span<byte> output = payload.GetSpan(size);
        Info.ParameterSets.Span.CopyTo(output);
        output = output[Info.ParameterSets.Length..];
        foreach (NalUnitSpan nalUnit in NalUnits)
        {
            if (!nalUnit.IsSample) { continue; }
            BinaryPrimitives.WriteInt32BigEndian(output, nalUnit.Length);
            Bytes.Slice(nalUnit.Start, nalUnit.Length).CopyTo(output[LengthPrefix..]);
            output = output[(LengthPrefix + nalUnit.Length)..];
        }
        payload.Advance(size);
        return payload;
    }
}
