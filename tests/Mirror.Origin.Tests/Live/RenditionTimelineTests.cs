using System.Text;
using Mirror.Media.Playlists;
using Mirror.Origin.Live;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Origin.Tests.Live;

public sealed class RenditionTimelineTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly LocalAnnouncements _announcements = new();
    private readonly TestStore _store = new();
    private readonly OriginMetrics _metrics = new();
    private readonly OriginOptions _options = new();
    private readonly LiveStreams _streams;
    private readonly TestRendition _video;

    public RenditionTimelineTests()
    {
        _streams = new LiveStreams(_announcements, new LocalStreamRegistry(), Microsoft.Extensions.Options.Options.Create(_options), _metrics, _time);
        _video = Rendition("source", isVideo: true);
    }

    public void Dispose()
    {
        _streams.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public void The_window_keeps_ten_seconds_and_what_left_stays_available()
    {
        _video.Start().Init().Segments(100).Part();

        PlaylistVersion version = Timeline(_video).Current;
        Assert.Equal(20, version.Playlist.Segments.Length);
        Assert.Equal(TestRendition.FirstMsn + 80, Document(_video).MediaSequence);
        Assert.NotNull(version.FindSegment(TestRendition.FirstMsn + 79));
        Assert.NotNull(version.FindPart(TestRendition.FirstMsn, 4));

        _time.Advance(TimeSpan.FromSeconds(11));         // a segment of half a second, in playlists of ten seconds and an open segment
        Assert.NotNull(Timeline(_video).Current.FindSegment(TestRendition.FirstMsn + 79));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Null(Timeline(_video).Current.FindSegment(TestRendition.FirstMsn + 79));
        Assert.NotNull(Timeline(_video).Current.FindSegment(TestRendition.FirstMsn + 80));
    }

    [Fact]
    public void Six_segments_stay_however_long_they_are()
    {
        TestRendition slow = new(_announcements, _store, new RenditionKey("demo", "slow"), isVideo: true, TimeSpan.FromSeconds(1), 4);
        slow.Start(targetDuration: 4).Init().Segments(30);

        Assert.Equal(6, Timeline(slow).Current.Playlist.Segments.Length);
    }

    [Fact]
    public void A_discontinuity_that_leaves_the_playlist_is_counted()
    {
        _video.Start().Init().Segments(3).Discontinuity().Init(2).Segments(20);
        Assert.Equal(0, Document(_video).DiscontinuitySequence);
        Assert.Equal("init-source-2.mp4", Document(_video).Segments[^1].MapUri);

        _video.Segments(1).Part();
        Assert.Equal(1, Document(_video).DiscontinuitySequence);
    }

    [Fact]
    public void A_rendition_whose_first_segments_are_missing_begins_with_the_first_that_is_there()
    {
        _video.Start().Missing(ends: true).Missing(ends: true).Init().Segments(2).Part();
        Assert.Equal((TestRendition.FirstMsn + 2, 2), (Document(_video).MediaSequence, Document(_video).Segments.Count));
    }

    [Fact]
    public void A_discontinuity_that_is_missing_before_the_format_is_known_counts_all_the_same()
    {
        // So a newcomer is told of an encoded rendition that another node went on with, some segments late.
        _video.Start(discontinuities: 2).Discontinuity();
        for (int part = 0; part < 5; part++) { _video.Missing(); }
        _video.Missing();
        _announcements.Publish(new PartMissing(_video.Key, TestRendition.FirstMsn, 0, 9000, EndsSegment: true, _video.ProgramTime) { StartsDiscontinuity = true });      // told again
        for (int part = 1; part < 5; part++) { _video.Missing(); }
        _video.Init().Segments(2).Part();
        MediaPlaylistDocument document = Document(_video);
        Assert.Equal((TestRendition.FirstMsn + 2, 2, 3), (document.MediaSequence, document.Segments.Count, document.DiscontinuitySequence));
        Assert.Equal(3, Timeline(_video).LastDiscontinuitySequence);
    }

    [Fact]
    public void A_publisher_that_returns_continues_the_numbers()
    {
        _video.Start().Init().Segments(8).Part().Part();
        _video.Start(_video.Msn + 1).Init().Discontinuity().Segments(2).Part();

        MediaPlaylistDocument document = Document(_video);
        Assert.Equal(TestRendition.FirstMsn, document.MediaSequence);
        Assert.Equal(11, document.Segments.Count);
        Assert.Equal(0.2m, document.Segments[8].Duration);       // the segment that he left open ended with what was there
        Assert.Equal([TestRendition.FirstMsn + 9], document.Segments.Where(segment => segment.StartsDiscontinuity).Select(segment => segment.Msn));
    }

    [Fact]
    public void An_origin_that_comes_later_counts_discontinuities_as_those_who_were_there()
    {
        _video.Start(discontinuities: 3).Init().Segments(2).Discontinuity().Init(2).Segments(2);
        Assert.Equal((3, 4), (Document(_video).DiscontinuitySequence, Timeline(_video).LastDiscontinuitySequence));
    }

    [Fact]
    public void A_rendition_that_begins_again_on_the_same_timeline_keeps_its_discontinuity_number()
    {
        TestRendition encoded = Rendition("360p", isVideo: true);
        _video.Start().Init().Segments(3);
        encoded.Start().Init().Segments(2).End();
        encoded.Start(encoded.Msn + 1).Init().Segments(1);
        Assert.Equal(0, Timeline(encoded).LastDiscontinuitySequence);
    }

    [Fact]
    public void Numbers_that_jump_forward_begin_a_new_window()
    {
        _video.Start().Init().Segments(8);
        _video.Start(5000, discontinuities: 2).Init().Segments(7).Part();

        MediaPlaylistDocument document = Document(_video);
        Assert.Equal((5000, 7, 2), (document.MediaSequence, document.Segments.Count, document.DiscontinuitySequence));
        Assert.NotNull(Timeline(_video).Current.FindPart(TestRendition.FirstMsn + 7, 4));
        Assert.Equal(ReloadAnswer.Now, Timeline(_video).Current.Position.Answer(new DeliveryDirectives(TestRendition.FirstMsn + 8, 0, SkipDirective.None), out _));
    }

    [Fact]
    public void A_rendition_that_starts_after_its_end_is_live_again()
    {
        _video.Start().Init().Segments(8).End();
        MediaPlaylistDocument ended = Document(_video);
        Assert.True(ended.IsEnded);
        Assert.Null(ended.PreloadHintUri);

        _video.Start(_video.Msn + 100).Init().Segments(1).Part();
        MediaPlaylistDocument again = Document(_video);
        Assert.False(again.IsEnded);
        Assert.True(again.MediaSequence > ended.LastMsn);
        Assert.Equal(1, again.DiscontinuitySequence);            // although the packager counts from 0 again
    }

    [Fact]
    public void The_end_completes_the_open_segment()
    {
        _video.Start().Init().Segments(6).Part().Part().End();

        MediaPlaylistDocument document = Document(_video);
        Assert.Null(document.OpenSegment);
        Assert.Equal(0.2m, document.Segments[^1].Duration);
    }

    [Fact]
    public void Gaps_are_marked()
    {
        _video.Start().Init().Segments(6).Part().Missing().Part(ends: true);
        for (int i = 0; i < 5; i++) { _video.Missing(); }
        _video.Part();

        MediaPlaylistDocument document = Document(_video);
        SegmentEntry partly = document.Segments[^2];
        Assert.False(partly.IsGap);
        Assert.Equal([false, true, false], partly.Parts.Select(part => part.IsGap));
        Assert.True(document.Segments[^1].IsGap);
        Assert.True(document.IndependentSegments);
    }

    [Fact]
    public void Independent_segments_are_promised_only_while_all_are()
    {
        _video.Start().Init().Segments(6);
        Assert.True(Document(_video).IndependentSegments);
        _video.Part(independent: false);
        Assert.False(Document(_video).IndependentSegments);
        _video.Part(ends: true).Segments(19);
        Assert.False(Document(_video).IndependentSegments);
        _video.Segments(2);
        Assert.True(Document(_video).IndependentSegments);
    }

    [Fact]
    public void A_segment_is_complete_with_the_first_part_of_the_next_one()
    {
        _video.Start().Init().Segments(6);

        MediaPlaylistDocument document = Document(_video);
        PlaylistVersion version = Timeline(_video).Current;
        Assert.Equal(5, document.Segments.Count);
        Assert.Equal((TestRendition.FirstMsn + 5, 5), (document.OpenSegment!.Msn, document.OpenSegment.Parts.Count));
        Assert.Equal($"{TestRendition.FirstMsn + 6}.0.m4s", document.PreloadHintUri);
        Assert.Equal((TestRendition.FirstMsn + 5, 4), version.LastPart);
        Assert.Equal(ReloadAnswer.Wait, version.Position.Answer(new DeliveryDirectives(TestRendition.FirstMsn + 5, 5, SkipDirective.None), out AwaitedMedia next));
        Assert.Equal(ReloadAnswer.Wait, version.Position.Answer(new DeliveryDirectives(TestRendition.FirstMsn + 5, null, SkipDirective.None), out AwaitedMedia segment));

        _video.Part();
        document = Document(_video);
        Assert.Equal((6, 5), (document.Segments.Count, document.Segments[^1].Parts.Count));
        Assert.Equal((TestRendition.FirstMsn + 6, 1), (document.OpenSegment!.Msn, document.OpenSegment.Parts.Count));
        Assert.True(Timeline(_video).Current.Position.Has(next));
        Assert.True(Timeline(_video).Current.Position.Has(segment));
    }

    [Fact]
    public void The_end_of_the_stream_completes_a_segment_that_waits_for_the_next_one()
    {
        _video.Start().Init().Segments(6).End();
        Assert.Equal((6, true), (Document(_video).Segments.Count, Document(_video).OpenSegment is null));
    }

    [Fact]
    public void A_publisher_that_is_gone_completes_a_segment_that_waits_for_the_next_one()
    {
        _video.Start().Init().Segments(6);
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(5, Document(_video).Segments.Count);
        _time.Advance(TimeSpan.FromMilliseconds(500));       // longer than a part and half a second
        Assert.Equal((6, true), (Document(_video).Segments.Count, Document(_video).OpenSegment is null));
        _video.Part();
        Assert.Equal((6, 1), (Document(_video).Segments.Count, Document(_video).OpenSegment!.Parts.Count));
    }

    [Fact]
    public void The_first_segment_is_no_media_for_a_player_before_it_is_complete()
    {
        _video.Start().Init().Segments(1);
        Assert.Equal(TestRendition.FirstMsn, Document(_video).MediaSequence);
        Assert.False(Timeline(_video).IsPlayable);
        _video.Part();
        Assert.True(Timeline(_video).IsPlayable);
    }

    [Fact]
    public void A_segment_closed_after_the_fact_is_listed_without_another_part()
    {
        _video.Start().Init().Segments(6).Part().Part();
        _video.Close();

        MediaPlaylistDocument document = Document(_video);
        Assert.Equal((0.2m, 2), (document.Segments[^1].Duration, document.Segments[^1].Parts.Count));
        Assert.Equal($"{TestRendition.FirstMsn + 7}.0.m4s", document.PreloadHintUri);
    }

    [Fact]
    public void All_renditions_say_the_same_part_hold_back_and_report_each_other()
    {
        TestRendition audio = new(_announcements, _store, new RenditionKey("demo", "audio"), isVideo: false, TimeSpan.FromMilliseconds(107), 5);
        _video.Start().Init().Segments(6).Part();
        audio.Start().Init().Segments(5).Part().Part();

        Assert.Equal(0.321m, Document(_video).PartHoldBack);
        Assert.Equal(0.321m, Document(audio).PartHoldBack);
        _video.Part();
        Assert.Equal([new RenditionReport("../audio/playlist.m3u8", TestRendition.FirstMsn + 5, 1)], Document(_video).Reports);
        audio.Part();
        Assert.Equal([new RenditionReport("../source/playlist.m3u8", TestRendition.FirstMsn + 6, 1)], Document(audio).Reports);
        audio.End();
        _video.Part();
        Assert.Empty(Document(_video).Reports);
    }

    [Fact]
    public void Reports_two_parts_behind_are_renewed_once_for_everyone()
    {
        TestRendition audio = Rendition("audio", isVideo: false);
        _video.Start().Init().Segments(6).Part();
        audio.Start().Init().Segments(6).Part();
        PlaylistVersion version = Timeline(_video).Current;
        byte[] first = version.GetText(PlaylistForm.Full, _metrics);

        audio.Part();
        Assert.Same(first, version.GetText(PlaylistForm.Full, _metrics));      // renditions that advance in turn cost no second rendering
        audio.Part();
        byte[] renewed = version.GetText(PlaylistForm.Full, _metrics);
        Assert.NotSame(first, renewed);
        Assert.Equal([new RenditionReport("../audio/playlist.m3u8", TestRendition.FirstMsn + 6, 2)], Document(_video).Reports);
        Assert.Same(renewed, version.GetText(PlaylistForm.Full, _metrics));
        Assert.Equal(Encoding.UTF8.GetString(first).Replace("LAST-PART=0", "LAST-PART=2", StringComparison.Ordinal), Encoding.UTF8.GetString(renewed));

        _video.End();
        byte[] last = Timeline(_video).Current.GetText(PlaylistForm.Full, _metrics);
        audio.Part().Part();
        Assert.Same(last, Timeline(_video).Current.GetText(PlaylistForm.Full, _metrics));
    }

    [Fact]
    public void Every_form_of_a_version_is_rendered_once()
    {
        _video.Start().Init().Segments(30);
        PlaylistVersion version = Timeline(_video).Current;

        for (var form = PlaylistForm.Full; form <= PlaylistForm.DeltaGzip; form++) { Assert.Same(version.GetText(form, _metrics), version.GetText(form, _metrics)); }
        Assert.Equal(4, Enumerable.Range(0, 4).Select(form => version.GetText((PlaylistForm)form, _metrics)).Distinct().Count());
    }

    [Fact]
    public void A_delta_of_a_short_playlist_is_the_playlist()
    {
        _video.Start().Init().Segments(6);
        PlaylistVersion version = Timeline(_video).Current;

        Assert.Same(version.GetText(PlaylistForm.Full, _metrics), version.GetText(PlaylistForm.Delta, _metrics));
        Assert.Same(version.GetText(PlaylistForm.FullGzip, _metrics), version.GetText(PlaylistForm.DeltaGzip, _metrics));
    }

    private static readonly Dictionary<string, Action<LocalAnnouncements, RenditionKey, long>> Misfits = new()
    {
        ["a part of a segment to come"] = (to, key, msn) => to.Publish(new PartReady(key, msn + 1, 0, 9000, 0, 10, true, false, false, DateTime.UnixEpoch, 0)),
        ["a part of a complete segment"] = (to, key, msn) => to.Publish(new PartReady(key, msn - 1, 0, 9000, 0, 10, true, false, false, DateTime.UnixEpoch, 0)),
        ["a part out of order"] = (to, key, msn) => to.Publish(new PartReady(key, msn, 3, 9000, 0, 10, true, false, false, DateTime.UnixEpoch, 0)),
        ["a part without bytes"] = (to, key, msn) => to.Publish(new PartReady(key, msn, 0, 9000, 0, 0, true, false, false, DateTime.UnixEpoch, 0)),
        ["the end of a segment without parts"] = (to, key, msn) => to.Publish(new SegmentClosed(key, msn)),
        ["a start with old numbers"] = (to, key, msn) => to.Publish(new RenditionStarted(key, true, 90_000, 1, TimeSpan.FromMilliseconds(100), msn - 3)),
        ["an empty initialization segment"] = (to, key, _) => to.Publish(new InitReady(key, "init-x.mp4", 0, new TestRendition(to, new TestStore(), key, true, TimeSpan.Zero, 1).Track)),
        ["a part of an unknown rendition"] = (to, key, msn) => to.Publish(new PartReady(key with { Rendition = "none" }, msn, 0, 9000, 0, 10, true, false, false, DateTime.UnixEpoch, 0)),
        ["a part of an unknown stream"] = (to, key, msn) => to.Publish(new PartReady(key with { StreamId = "none" }, msn, 0, 9000, 0, 10, true, false, false, DateTime.UnixEpoch, 0)),
    };

    public static TheoryData<string> MisfitNames => new(Misfits.Keys);

    [Theory, MemberData(nameof(MisfitNames))]
    public void An_announcement_that_does_not_fit_changes_nothing(string name)
    {
        _video.Start().Init().Segments(8);
        byte[] before = Timeline(_video).Current.GetText(PlaylistForm.Full, _metrics);
        Misfits[name](_announcements, _video.Key, _video.Msn);
        Assert.Equal(before, Timeline(_video).Current.GetText(PlaylistForm.Full, _metrics));
        _video.Part();
        Assert.Single(Document(_video).OpenSegment!.Parts);
    }

    [Fact]
    public void Parts_before_an_initialization_segment_are_not_listed()
    {
        _video.Start().Part();
        Assert.False(Timeline(_video).Current.Position.HasMedia);
    }

    [Fact]
    public void An_ended_stream_is_forgotten_after_its_time_and_a_live_one_is_not()
    {
        _video.Start().Init().Segments(8).End();
        Rendition("source", isVideo: true, stream: "other").Start().Init().Segments(8);
        Assert.Equal(2, _streams.Count);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(2, _streams.Count);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, _streams.Count);
        Assert.True(_streams.TryFind("other", out _));
    }

    private TestRendition Rendition(string name, bool isVideo, string stream = "demo")
        => new(_announcements, _store, new RenditionKey(stream, name), isVideo, TimeSpan.FromMilliseconds(100), 5);

    private RenditionTimeline Timeline(TestRendition rendition)
    {
        Assert.True(_streams.TryFind(rendition.Key.StreamId, out StreamTimeline? stream));
        return stream!.Find(rendition.Key.Rendition)!;
    }

    private MediaPlaylistDocument Document(TestRendition rendition)
    {
        string text = Encoding.UTF8.GetString(Timeline(rendition).Current.GetText(PlaylistForm.Full, _metrics));
        Assert.True(MediaPlaylistParser.TryParse(text, out MediaPlaylistDocument? document, out string? error), error);
        return document;
    }
}
