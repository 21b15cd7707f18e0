using Mirror.Functions.Dvr;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Store;

namespace Mirror.Functions.Tests.Dvr;

public sealed class StreamRecorderTests : IDisposable
{
    private readonly RecorderBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Every_segment_of_every_rendition_is_kept_byte_for_byte()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(3);
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Publish(2);
        await node.PassAsync();
        await node.PassAsync();
        RecordingIndex index = await _bench.IndexAsync();
        foreach (TestRendition live in (TestRendition[])[_bench.Video, _bench.Audio])
        {
            RecordedRendition recorded = index.Find(live.Key.Rendition)!;
            Assert.Equal(Enumerable.Range(0, 5).Select(i => TestRendition.FirstMsn + i), recorded.Segments.Select(segment => segment.Msn));
            Assert.All(recorded.Segments, segment => Assert.Equal(TimeSpan.FromMilliseconds(500), segment.Duration));
            foreach (RecordedSegment segment in recorded.Segments) { Assert.Equal(live.SegmentBytes(segment.Msn), await _bench.FileAsync($"{recorded.Name}/{segment.Msn}.m4s")); }
            Assert.NotNull(await _bench.FileAsync($"{recorded.Name}/{live.InitName}"));
        }
        Assert.Empty(index.FindGaps());
        Assert.DoesNotContain(index.Renditions.SelectMany(rendition => rendition.Segments), segment => segment.StartsDiscontinuity);
        Assert.Equal(0, _bench.Store.BuffersHeld);
        Assert.Equal([EventTypes.RecordingStarted], _bench.Events.Select(happened => happened.Type));
    }

    [Fact]
    public async Task Missing_parts_missing_segments_and_what_the_store_lost_are_gaps()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(1);
        _bench.Video.Part().Missing().Part().Part().Part();
        for (int i = 0; i < 5; i++) { _bench.Video.Missing(); }
        _bench.Video.Segments(1);
        _bench.Store.Lose(new SegmentKey(_bench.Video.Key, TestRendition.FirstMsn + 3));
        await node.PassAsync();
        RecordedRendition video = (await _bench.IndexAsync()).Find("source")!;
        Assert.Equal([false, false, true, true], video.Segments.Select(segment => segment.IsGap));
        Assert.Equal([0, 100, 500, 500], video.Segments.Select(segment => (int)segment.Missing.TotalMilliseconds));
        Assert.Equal(_bench.Video.SegmentBytes(TestRendition.FirstMsn + 1), await _bench.FileAsync($"source/{TestRendition.FirstMsn + 1}.m4s"));
    }

    [Fact]
    public async Task A_recording_does_not_begin_with_a_gap()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(3);
        _bench.Store.Lose(new SegmentKey(_bench.Video.Key, TestRendition.FirstMsn));
        _bench.Store.Lose(new SegmentKey(_bench.Audio.Key, TestRendition.FirstMsn));
        await node.PassAsync();
        RecordingIndex index = await _bench.IndexAsync();
        Assert.All(index.Renditions, rendition => Assert.Equal([TestRendition.FirstMsn + 1, TestRendition.FirstMsn + 2], rendition.Segments.Select(segment => segment.Msn)));
        Assert.Empty(index.FindGaps());
    }

    [Fact]
    public async Task A_new_format_comes_with_its_init_and_its_discontinuity()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(2);
        _bench.Video.Init(version: 2).Discontinuity();
        _bench.Publish(1);
        await node.PassAsync();
        RecordedRendition video = (await _bench.IndexAsync()).Find("source")!;
        Assert.Equal(["init-source-1.mp4", "init-source-1.mp4", "init-source-2.mp4"], video.Segments.Select(segment => segment.Init));
        Assert.Equal([false, false, true], video.Segments.Select(segment => segment.StartsDiscontinuity));
        Assert.NotNull(await _bench.FileAsync("source/init-source-2.mp4"));
    }

    [Fact]
    public async Task Another_node_goes_on_in_the_same_recording_and_repeats_and_loses_nothing()
    {
        RecorderNode a = _bench.Node("a");
        RecorderNode b = _bench.Node("b");
        _bench.Begin();
        _bench.Publish(4);
        Assert.Equal(RecorderState.Recording, await a.PassAsync());
        Assert.Equal(RecorderState.Standby, await b.PassAsync());
        _bench.Publish(10);                                  // 5 s in which a, which crashed, recorded nothing
        Assert.Equal(RecorderState.Standby, await b.PassAsync());
        _bench.Publish(12);
        Assert.Equal(RecorderState.Recording, await b.PassAsync());
        _bench.Publish(1);
        await b.PassAsync();
        Assert.Single(await _bench.KeysAsync());
        RecordingIndex index = await _bench.IndexAsync();
        Assert.All(index.Renditions, rendition => Assert.Equal(Enumerable.Range(0, 27).Select(i => TestRendition.FirstMsn + i), rendition.Segments.Select(segment => segment.Msn)));
        Assert.Empty(index.FindGaps());
        Assert.Equal("b", index.Node);
        Assert.DoesNotContain(RecordingTimeline.Of(index), segment => segment.StartsDiscontinuity);

        // The first one was only asleep.
        _bench.Publish(1);
        Assert.Equal(RecorderState.Standby, await a.PassAsync());
        Assert.Equal(index.LastMsn, (await _bench.IndexAsync()).LastMsn);
    }

    [Fact]
    public async Task Who_wakes_up_within_a_pass_writes_nothing_that_another_has_written()
    {
        RecorderNode a = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(2);
        await a.PassAsync();
        RecordingKey key = (await _bench.KeysAsync())[0];
        RecordingIndex index = await _bench.IndexAsync();
        _bench.Publish(1);
        long msn = TestRendition.FirstMsn + 2;
        ReadOnlyMemory<byte> other = RecordingIndexCodec.Write([new SegmentRecorded("source", msn, _bench.Time.GetUtcNow().UtcDateTime, 5_000_000, 77)], isTorn: false);
        Assert.True(await _bench.Archive.AppendIndexAsync(key, index.Position, other, default));
        await a.PassAsync();
        await a.PassAsync();
        index = await _bench.IndexAsync();
        Assert.Equal(77, index.Find("source")!.Find(msn)!.Value.Length);
        Assert.Equal(msn, index.Find("audio")!.LastMsn);
    }

    [Theory]
    [InlineData(20, 1), InlineData(40, 2)]
    public async Task After_a_restart_of_everything_the_recording_goes_on_unless_too_much_is_missing(int seconds, int recordings)
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(3);
        await node.PassAsync();
        string index = Path.Combine(_bench.Folder, "cam", (await _bench.KeysAsync())[0].Id, RecordedFileName.Index);
        await File.AppendAllTextAsync(index, """{"type":"segment","rendi""");       // killed while it wrote
        _bench.Time.Advance(TimeSpan.FromSeconds(seconds));
        _bench.Restart(firstMsn: 5000);
        node = _bench.Node("b");
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Begin();
        _bench.Publish(2);
        await node.PassAsync();
        Assert.Equal(recordings, (await _bench.KeysAsync()).Count);
        RecordingIndex first = await ReadAsync(0);
        Assert.Equal(recordings == 2, first.IsComplete);
        Assert.Equal(1, first.MalformedLines);
        if (recordings == 2)
        {
            Assert.Equal([5000L, 5001], (await _bench.IndexAsync(1)).Find("source")!.Segments.Select(segment => segment.Msn));
            return;
        }
        Assert.Equal([1200L, 1201, 1202, 5000, 5001], first.Find("audio")!.Segments.Select(segment => segment.Msn));
        Assert.Equal([false, false, false, true, false], RecordingTimeline.Of(first).Select(segment => segment.StartsDiscontinuity));
        RecordingGap gap = Assert.Single(first.FindGaps());
        Assert.Equal(seconds, gap.Duration.TotalSeconds, 0.01);

        async Task<RecordingIndex> ReadAsync(int recording)
        {
            var read = new RecordingIndex();
            read.Append((await _bench.Archive.ReadIndexAsync((await _bench.KeysAsync())[recording], 0, default))!.Value.Span);
            return read;
        }
    }

    [Fact]
    public async Task A_recording_whose_stream_does_not_come_back_is_completed()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(3);
        await node.PassAsync();
        _bench.Restart();
        node = _bench.Node("b");
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(RecorderState.Done, await node.PassAsync());
        Assert.True((await _bench.IndexAsync()).IsComplete);
    }

    [Fact]
    public async Task The_end_of_the_stream_completes_it_and_clears_what_a_crash_left()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(3);
        await node.PassAsync();
        string folder = Path.Combine(_bench.Folder, "cam", (await _bench.KeysAsync())[0].Id, "source");
        await File.WriteAllTextAsync(Path.Combine(folder, "99.m4s"), "copied, and never said");
        await File.WriteAllTextAsync(Path.Combine(folder, "98.m4s.new"), "half of wh");
        _bench.Video.Part().End();
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Audio.End();
        Assert.Equal(RecorderState.Done, await node.PassAsync());
        RecordingIndex index = await _bench.IndexAsync();
        Assert.True(index.IsComplete);
        Assert.Equal(4, index.Find("source")!.Segments.Count);
        Assert.Equal(5, Directory.GetFiles(folder).Length);
        RecordingSummary summary = (await new RecordingCatalog(_bench.Archive, _bench.Time).FindAsync((await _bench.KeysAsync())[0], default))!;
        Assert.Equal(TimeSpan.FromSeconds(1.6), summary.Duration);
        Assert.True(summary.IsComplete);
        Assert.Equal([EventTypes.RecordingStarted, EventTypes.RecordingReady], _bench.Events.Select(happened => happened.Type));

        // The publisher returns soon: another recording, which repeats nothing though the live store has it all, whoever records it.
        await node.Recorder.ReleaseAsync(default);
        RecorderNode other = new(_bench, _bench.Recorder("b", node.Recent), node.Recent);
        _bench.Video.Start(2000);
        _bench.Audio.Start(2000);
        _bench.Publish(1);
        await other.PassAsync();
        Assert.Equal([2000L], (await _bench.IndexAsync(1)).Find("source")!.Segments.Select(segment => segment.Msn));
    }

    [Fact]
    public async Task A_wish_begins_and_ends_recordings_where_it_says()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(4);
        _bench.Wish = new RecordingWish(IsWanted: true, _bench.Time.GetUtcNow().UtcDateTime);
        _bench.Publish(2);
        await node.PassAsync();
        _bench.Wish = _bench.Wish with { IsWanted = false };
        Assert.Equal(RecorderState.Done, await node.PassAsync());
        _bench.Publish(2);
        _bench.Wish = new RecordingWish(IsWanted: true, _bench.Time.GetUtcNow().UtcDateTime);
        _bench.Publish(1);
        await node.PassAsync();
        Assert.Equal([1204L, 1205], (await _bench.IndexAsync(0)).Find("source")!.Segments.Select(segment => segment.Msn));
        Assert.Equal([1208L], (await _bench.IndexAsync(1)).Find("source")!.Segments.Select(segment => segment.Msn));
        Assert.True((await _bench.IndexAsync(0)).IsComplete);
    }

    [Fact]
    public void What_a_stream_had_before_a_wish_takes_no_room_in_a_pass()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(20);
        DateTime wished = _bench.Time.GetUtcNow().UtcDateTime;
        _bench.Publish(3);
        Assert.Equal([1220L, 1220], node.Recent.After(_ => -1, wished, most: 2).Select(segment => segment.Msn));
        Assert.Equal([1200L, 1200], node.Recent.After(_ => -1, DateTime.MinValue, most: 2).Select(segment => segment.Msn));
    }

    [Fact]
    public async Task A_recording_that_is_ended_ends_with_the_same_segment_in_all_renditions()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(3);
        _bench.Video.Segments(1);
        await node.PassAsync();
        _bench.Wish = _bench.Wish with { IsWanted = false };
        _bench.Video.Segments(2);
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Audio.Segments(1);
        Assert.Equal(RecorderState.Done, await node.PassAsync());
        RecordingIndex index = await _bench.IndexAsync();
        Assert.True(index.IsComplete);
        Assert.All(index.Renditions, rendition => Assert.Equal(TestRendition.FirstMsn + 3, rendition.LastMsn));
    }

    [Fact]
    public async Task A_store_that_is_away_costs_time_and_no_segment()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(2);
        await node.PassAsync();
        _bench.Store.FailWith(new IOException("away"));
        _bench.Publish(20);
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Store.FailWith(null);
        await node.PassAsync();
        RecordingIndex index = await _bench.IndexAsync();
        Assert.All(index.Renditions, rendition => Assert.Equal(22, rendition.Segments.Count(segment => !segment.IsGap)));
    }

    [Fact]
    public async Task A_recording_that_cannot_be_written_is_told_once_and_its_recovery_too()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(2);
        await node.PassAsync();
        string blocked = Path.Combine(_bench.Folder, "cam", (await _bench.KeysAsync())[0].Id, "source");
        Directory.Move(blocked, blocked + "-moved");
        await File.WriteAllTextAsync(blocked, "");                          // writes of segments fail, as on a full disk
        for (int pass = 0; pass < 10; pass++)
        {
            _bench.Publish(2);
            Assert.Equal(RecorderState.Recording, await node.PassAsync());
            Assert.Equal(pass < 3, _bench.Faults.ReasonOf("cam") is null);
        }
        Assert.Equal(StorageFaults.Recordings, Assert.Single(_bench.Storage.Current).Storage);
        File.Delete(blocked);
        Directory.Move(blocked + "-moved", blocked);
        _bench.Publish(2);
        await node.PassAsync();
        Assert.Null(_bench.Faults.ReasonOf("cam"));
        Assert.Empty(_bench.Storage.Current);
        Assert.Equal(["recording.started", "storage.degraded", "recording.degraded", "storage.recovered", "recording.resumed"], _bench.Events.Select(happened => happened.Type));
        Assert.All((await _bench.IndexAsync()).Renditions, rendition => Assert.Equal(24, rendition.Segments.Count(segment => !segment.IsGap)));
    }

    [Fact]
    public async Task A_store_so_slow_that_a_backlog_outlasts_the_lease_is_worked_off_by_one_node()
    {
        RecorderNode a = _bench.Node("a");
        RecorderNode b = _bench.Node("b");
        _bench.Begin();
        _bench.Publish(30);
        _bench.Store.OnRead = () => _bench.Time.Advance(TimeSpan.FromSeconds(0.4));
        RecorderState state = RecorderState.Behind;
        for (int passes = 0; state == RecorderState.Behind; passes++)
        {
            Assert.InRange(passes, 0, 20);
            long started = _bench.Time.GetTimestamp();
            state = await a.PassAsync();
            Assert.InRange(_bench.Time.GetElapsedTime(started), TimeSpan.Zero, StreamRecorder.LeaseDuration * 0.6);
            Assert.Equal(RecorderState.Standby, await b.PassAsync());
        }
        Assert.Equal(RecorderState.Recording, state);
        RecordingIndex index = await _bench.IndexAsync();
        Assert.All(index.Renditions, rendition => Assert.Equal(30, rendition.Segments.Count));
        Assert.Empty(index.FindGaps());
        Assert.Equal(62, _bench.Store.Reads);                // each segment once, and two initialization segments
    }

    [Theory]
    [InlineData(1, "a segment"), InlineData(3, "an initialization segment")]
    public async Task A_store_that_stops_answering_costs_neither_the_lease_nor_a_segment(int read, string of)
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(1);
        int hasStopped = 0;
        var stopped = new TaskCompletionSource<TaskCompletionSource>(TaskCreationOptions.RunContinuationsAsynchronously);
        _bench.Store.OnRead = () =>
        {
            if (_bench.Store.Reads >= read && Interlocked.Exchange(ref hasStopped, 1) == 0) { stopped.SetResult(_bench.Store.Block(heedsCancellation: true)); }
        };
        Task<RecorderState> pass = node.PassAsync();
        TaskCompletionSource gate = await stopped.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.False(pass.IsCompleted, of);
        _bench.Time.Advance(StreamRecorder.LeaseDuration * 0.65);
        Assert.Equal(RecorderState.Recording, await pass.WaitAsync(TimeSpan.FromMinutes(2)));
        gate.SetResult();
        Assert.Equal(RecorderState.Standby, await _bench.Node("b").PassAsync());
        await node.PassAsync();
        Assert.All((await _bench.IndexAsync()).Renditions, rendition => Assert.Equal(1, rendition.Segments.Count(segment => !segment.IsGap)));
    }

    [Fact]
    public async Task A_recording_that_is_ended_waits_for_its_backlog()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(2);
        _bench.Video.Segments(20);
        await node.PassAsync();
        _bench.Audio.Segments(20);
        _bench.Store.FailWith(new IOException("away"));
        _bench.Wish = _bench.Wish with { IsWanted = false };
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        _bench.Store.FailWith(null);
        _bench.Store.OnRead = () => _bench.Time.Advance(TimeSpan.FromSeconds(0.8));
        int passes = 1;
        while (await node.PassAsync() != RecorderState.Done) { Assert.InRange(passes++, 1, 10); }
        Assert.InRange(passes, 3, 10);                       // some 12 s
        RecordingIndex index = await _bench.IndexAsync();
        Assert.True(index.IsComplete);
        Assert.All(index.Renditions, rendition => Assert.Equal(22, rendition.Segments.Count));
    }

    [Fact]
    public async Task An_archive_that_cannot_be_written_costs_time_and_no_segment()
    {
        RecorderNode node = _bench.Node("a");
        string inTheWay = Path.Combine(_bench.Folder, "cam");
        await File.WriteAllTextAsync(inTheWay, "a file where the stream's folder should be");
        _bench.Begin();
        _bench.Publish(4);
        await Assert.ThrowsAnyAsync<IOException>(node.PassAsync);
        File.Delete(inTheWay);
        await node.PassAsync();
        string folder = Path.Combine(inTheWay, (await _bench.KeysAsync())[0].Id, "source");
        Directory.Delete(folder, recursive: true);
        await File.WriteAllTextAsync(folder, "a file where the rendition's should be");
        _bench.Publish(2);
        Assert.Equal(RecorderState.Recording, await node.PassAsync());
        File.Delete(folder);
        await node.PassAsync();
        Assert.All((await _bench.IndexAsync()).Renditions, rendition => Assert.Equal(6, rendition.Segments.Count(segment => !segment.IsGap)));
    }

    [Fact]
    public async Task What_waits_for_longer_than_the_store_keeps_it_is_given_up()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(2);
        await node.PassAsync();
        _bench.Store.FailWith(new IOException("away"));
        for (int i = 0; i < 200; i++)
        {
            _bench.Publish(1);
            if (i % 10 == 0) { await node.PassAsync(); }
        }
        Assert.InRange(node.Recent.After(_ => -1, DateTime.MinValue, 10_000).Count, 200, 244);      // a minute of two renditions
        _bench.Store.FailWith(null);
        await node.PassAsync();
        Assert.Equal(2, (await _bench.KeysAsync()).Count);   // more is missing than may be
        Assert.True((await _bench.IndexAsync(0)).IsComplete);
    }

    [Fact]
    public async Task A_recording_that_reached_its_length_is_followed_by_the_next_without_a_gap()
    {
        _bench.Options.MaxLength = TimeSpan.FromMinutes(1);
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        for (int i = 0; i < 150; i++)
        {
            // Audio is two segments late, as an encoded rendition would be.
            _bench.Time.Advance(TimeSpan.FromMilliseconds(500));
            _bench.Video.Segments(1);
            if (i >= 2) { _bench.Audio.Segments(1); }
            await node.PassAsync();
        }
        Assert.Equal(2, (await _bench.KeysAsync()).Count);
        RecordingIndex first = await _bench.IndexAsync(0);
        RecordingIndex second = await _bench.IndexAsync(1);
        Assert.Equal(120, first.Find("source")!.Segments.Count);
        Assert.Equal(first.Find("source")!.LastMsn, first.Find("audio")!.LastMsn);
        Assert.Equal(first.LastMsn + 1, second.Find("source")!.Segments[0].Msn);
        Assert.Equal(first.LastMsn + 1, second.Find("audio")!.Segments[0].Msn);
        Assert.Equal(first.EndsAt, second.Find("source")!.Segments[0].Time);
    }

    [Fact]
    public async Task Who_joins_within_a_segment_begins_with_the_next_and_is_told_things_twice_for_nothing()
    {
        _bench.Begin();
        _bench.Video.Part().Part();
        RecorderNode node = _bench.Node("a");
        _bench.Video.Start().Init();                         // as the bus tells a newcomer
        _bench.Video.Part().Part().Part();
        _bench.Video.Segments(2);
        await node.PassAsync();
        Assert.Equal(TestRendition.FirstMsn + 1, (await _bench.IndexAsync()).Find("source")!.LastMsn);
    }
}
