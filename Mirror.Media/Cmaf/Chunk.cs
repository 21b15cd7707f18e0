using System.Buffers.Binary;

namespace Mirror.Media.Cmaf;

/// <summary>A CMAF chunk: one <c>moof</c> of one track fragment with one run, and its <c>mdat</c> (ISO/IEC 23000-19 §7.3.2.3). An LL-HLS part is one chunk.</summary>
/// <remarks>
/// The header is written first, then the samples follow back to back in decoding order. Only fields that differ between samples stand in
/// the run, so that an audio chunk costs 4 bytes a sample.
/// </remarks>
public static class Chunk
{
    private const int BoxHeader = 8;
    private const int FullBoxHeader = 12;
    private const int MovieFragmentHeaderSize = FullBoxHeader + 4;
    private const int TrackFragmentHeaderSize = FullBoxHeader + 4 + 4 + 4;   // track_ID, default_sample_duration, default_sample_flags
    private const int DecodeTimeSize = FullBoxHeader + 8;
    private const int RunFixedSize = FullBoxHeader + 4 + 4;                  // sample_count, data_offset
    private const uint DefaultBaseIsMoof = 0x02_0000;
    private const uint DefaultDurationPresent = 0x08;
    private const uint DefaultFlagsPresent = 0x20;
    private const uint DataOffsetPresent = 0x001;
    private const uint DurationPresent = 0x100;
    private const uint SizePresent = 0x200;
    private const uint FlagsPresent = 0x400;
    private const uint CompositionOffsetPresent = 0x800;

    /// <summary>Bytes that <see cref="WriteHeader"/> writes for these samples: <c>moof</c> and the header of <c>mdat</c>.</summary>
    public static int HeaderSize(ReadOnlySpan<Sample> samples) => MovieFragmentSize(samples.Length, RunFlags(samples)) + BoxHeader;

    /// <summary>Writes <c>moof</c> and the header of <c>mdat</c>; the caller appends the samples' bytes.</summary>
    /// <param name="output">At least <see cref="HeaderSize"/> bytes.</param>
    /// <param name="sequenceNumber">Rises with every chunk of a track.</param>
    /// <param name="baseMediaDecodeTime">DTS of the first sample, in ticks of the track's timescale.</param>
    /// <param name="samples">The samples in decoding order; at least one.</param>
    /// <param name="trackId">track_ID: that of <see cref="InitSegment"/>, or another's in a file of several tracks.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">No samples, or <paramref name="output"/> is too short.</exception>
    public static int WriteHeader(Span<byte> output, uint sequenceNumber, ulong baseMediaDecodeTime, ReadOnlySpan<Sample> samples, uint trackId = InitSegment.TrackId)
    {
        if (samples.IsEmpty) { throw new ArgumentException("A chunk has at least one sample.", nameof(samples)); }
        uint runFlags = RunFlags(samples);
        int moofSize = MovieFragmentSize(samples.Length, runFlags);
        if (output.Length < moofSize + BoxHeader) { throw new ArgumentException($"The header needs {moofSize + BoxHeader} bytes.", nameof(output)); }
        int runSize = RunSize(samples.Length, runFlags);
        var writer = new SpanWriter(output);
        writer.Box(moofSize, "moof"u8);
        writer.FullBox(MovieFragmentHeaderSize, "mfhd"u8, 0, 0);
        writer.UInt32(sequenceNumber);
        writer.Box(BoxHeader + TrackFragmentHeaderSize + DecodeTimeSize + runSize, "traf"u8);
        writer.FullBox(TrackFragmentHeaderSize, "tfhd"u8, 0, DefaultBaseIsMoof | DefaultDurationPresent | DefaultFlagsPresent);
        writer.UInt32(trackId);
        writer.UInt32(samples[0].Duration);
        writer.UInt32(samples[0].Flags);
        writer.FullBox(DecodeTimeSize, "tfdt"u8, 1, 0);
        writer.UInt64(baseMediaDecodeTime);
        writer.FullBox(runSize, "trun"u8, 1, runFlags);      // version 1: composition offsets are signed
        writer.UInt32((uint)samples.Length);
        writer.UInt32((uint)(moofSize + BoxHeader));         // data_offset, from the start of moof
        long payload = 0;
        foreach (Sample sample in samples)
        {
            if ((runFlags & DurationPresent) != 0) { writer.UInt32(sample.Duration); }
            writer.UInt32((uint)sample.Size);
            if ((runFlags & FlagsPresent) != 0) { writer.UInt32(sample.Flags); }
            if ((runFlags & CompositionOffsetPresent) != 0) { writer.UInt32((uint)sample.CompositionOffset); }
            payload += sample.Size;
        }
        writer.Box(checked((int)(BoxHeader + payload)), "mdat"u8);
        return writer.Written;
    }

    private static uint RunFlags(ReadOnlySpan<Sample> samples)
    {
        uint flags = DataOffsetPresent | SizePresent;
        foreach (Sample sample in samples)
        {
            if (sample.Duration != samples[0].Duration) { flags |= DurationPresent; }
            if (sample.Flags != samples[0].Flags) { flags |= FlagsPresent; }
            if (sample.CompositionOffset != 0) { flags |= CompositionOffsetPresent; }
        }
        return flags;
    }

    private static int MovieFragmentSize(int samples, uint runFlags)
        => BoxHeader + MovieFragmentHeaderSize + BoxHeader + TrackFragmentHeaderSize + DecodeTimeSize + RunSize(samples, runFlags);

    private static int RunSize(int samples, uint runFlags)
    {
        int perSample = sizeof(uint);
        if ((runFlags & DurationPresent) != 0) { perSample += sizeof(uint); }
        if ((runFlags & FlagsPresent) != 0) { perSample += sizeof(uint); }
        if ((runFlags & CompositionOffsetPresent) != 0) { perSample += sizeof(uint); }
        return RunFixedSize + samples * perSample;
    }

    private ref struct SpanWriter(Span<byte> output)
    {
        private readonly Span<byte> _output = output;

        public int Written { get; private set; }

        public void Box(int size, ReadOnlySpan<byte> type)
        {
            UInt32((uint)size);
            type.CopyTo(_output[Written..]);
            Written += type.Length;
        }

        public void FullBox(int size, ReadOnlySpan<byte> type, byte version, uint flags)
        {
            Box(size, type);
            UInt32((uint)version << 24 | flags);
        }

        public void UInt32(uint value)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_output[Written..], value);
            Written += sizeof(uint);
        }

        public void UInt64(ulong value)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_output[Written..], value);
            Written += sizeof(ulong);
        }
    }
}
