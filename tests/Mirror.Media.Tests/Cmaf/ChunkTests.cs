using Mirror.Media.Cmaf;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>Movie fragments, byte by byte as ISO/IEC 14496-12 §8.8 and ISO/IEC 23000-19 §7.5 have them.</summary>
public class ChunkTests
{
    private static byte[] Header(ReadOnlySpan<Sample> samples, uint sequenceNumber = 1, ulong decodeTime = 0, uint trackId = 1)
    {
        var output = new byte[Chunk.HeaderSize(samples)];
        Assert.Equal(output.Length, Chunk.WriteHeader(output, sequenceNumber, decodeTime, samples, trackId));
        return output;
    }

    [Fact]
    public void Audio_costs_four_bytes_a_sample()
    {
        Sample[] samples = [new(300, 1_024, 0, SampleFlags.Sync), new(310, 1_024, 0, SampleFlags.Sync), new(295, 1_024, 0, SampleFlags.Sync)];
        Bytes.Equal("""
            0000006C 'moof'
            00000010 'mfhd' 00 000000 00000029                  // sequence_number
            00000054 'traf'
            00000018 'tfhd' 00 020028                           // default-base-is-moof, default duration and flags
            00000001 00000400 02000000                          // track_ID, 1024, sync samples
            00000014 'tfdt' 01 000000 00000001 00000200         // baseMediaDecodeTime
            00000020 'trun' 01 000201                           // data_offset, sizes
            00000003 00000074                                   // sample_count; the header of mdat ends 116 bytes after moof began
            0000012C 00000136 00000127
            00000391 'mdat'                                     // 8 + 300 + 310 + 295
            """, Header(samples, 41, 0x1_0000_0200));
    }

    [Fact]
    public void A_part_that_starts_with_a_key_frame_has_flags_for_each_sample()
    {
        Sample[] samples = [new(5_000, 3_600, 0, SampleFlags.Sync), new(700, 3_600, 0, SampleFlags.NonSync)];
        Bytes.Equal("""
            00000070 'moof'
            00000010 'mfhd' 00 000000 00000001
            00000058 'traf'
            00000018 'tfhd' 00 020028 00000001 00000E10 02000000
            00000014 'tfdt' 01 000000 00000000 00000000
            00000024 'trun' 01 000601 00000002 00000078         // data_offset, sizes, flags
            00001388 02000000
            000002BC 01010000
            0000164C 'mdat'
            """, Header(samples));
    }

    [Fact]
    public void B_frames_have_composition_offsets_of_either_sign()
    {
        Sample[] samples = [new(900, 3_600, 3_600, SampleFlags.NonSync), new(400, 3_600, -3_600, SampleFlags.Disposable), new(410, 3_600, 0, SampleFlags.Disposable)];
        Bytes.Equal("""
            00000084 'moof'
            00000010 'mfhd' 00 000000 00000002
            0000006C 'traf'
            00000018 'tfhd' 00 020028 00000001 00000E10 01010000
            00000014 'tfdt' 01 000000 00000000 00015F90
            00000038 'trun' 01 000E01 00000003 0000008C         // version 1: the offsets are signed
            00000384 01010000 00000E10
            00000190 01810000 FFFFF1F0
            0000019A 01810000 00000000
            000006B6 'mdat'
            """, Header(samples, 2, 90_000));
    }

    [Fact]
    public void Uneven_durations_are_written_for_each_sample()
    {
        Sample[] samples = [new(100, 3_003, 0, SampleFlags.NonSync), new(100, 3_754, 0, SampleFlags.NonSync)];
        Bytes.Equal("""
            00000024 'trun' 01 000301 00000002 00000078         // data_offset, durations, sizes
            00000BBB 00000064
            00000EAA 00000064
            """, BoxDump.Find(Header(samples), "moof/traf/trun"));
    }

    [Fact]
    public void A_fragment_may_belong_to_another_track()
        => Bytes.Equal("00000018 'tfhd' 00 020028 00000101 00000001 02010000", BoxDump.Find(Header([new(1, 1, 0, SampleFlags.IntraNonSync)], trackId: 257), "moof/traf/tfhd"));

    [Fact]
    public void The_decoding_time_has_64_bits()
        => Bytes.Equal("00000014 'tfdt' 01 000000 FFFFFFFF FFFFFFFE", BoxDump.Find(Header([new(1, 1, 0, SampleFlags.Sync)], decodeTime: ulong.MaxValue - 1), "moof/traf/tfdt"));

    [Fact]
    public void A_chunk_without_samples_is_refused() => Assert.Throws<ArgumentException>(() => Chunk.WriteHeader(new byte[200], 1, 0, []));

    [Fact]
    public void An_output_that_is_too_short_is_refused()
    {
        Sample[] samples = [new(1, 1, 0, SampleFlags.Sync)];
        Assert.Throws<ArgumentException>(() => Chunk.WriteHeader(new byte[Chunk.HeaderSize(samples) - 1], 1, 0, samples));
    }

    [Fact]
    public void Samples_of_more_than_2_gib_are_refused()
    {
        Sample[] samples = [new(int.MaxValue, 1, 0, SampleFlags.Sync), new(int.MaxValue, 1, 0, SampleFlags.Sync)];
        Assert.Throws<OverflowException>(() => Chunk.WriteHeader(new byte[Chunk.HeaderSize(samples)], 1, 0, samples));
    }
}
