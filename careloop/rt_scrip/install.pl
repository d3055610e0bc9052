#!/usr/bin/perl

# Makes Request Tracker tell Careloop about replies. Safe to run again: it creates only what is missing.
# Run it on RT's own machine as a user that may read RT's configuration; see README.md.

use strict;
use warnings;
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use Getopt::Long qw(GetOptions);

my $USAGE = <<'TEXT';
usage: install.pl --queue NAME [--queue NAME ...] [--rt-lib DIR ...] [--action-lib DIR] [--check | --remove]

  --queue NAME      a queue whose tickets Careloop handles (repeat for several)
  --rt-lib DIR      where RT's own Perl modules are (looked for in the usual places)
  --action-lib DIR  where the action is copied to (default: RT's local lib directory)
  --check           change nothing; say what is missing, and end with 1 if anything is
  --remove          take the Scrip off the queues; custom fields and their values stay
TEXT

my ( @queues, @rt_lib, $action_lib, $check, $remove, $help );

BEGIN {
    GetOptions(
        'queue=s'      => \@queues,
        'rt-lib=s'     => \@rt_lib,
        'action-lib=s' => \$action_lib,
        'check'        => \$check,
        'remove'       => \$remove,
        'help'         => \$help,
    ) or die $USAGE;
    if ($help) { print $USAGE; exit 0 }
    die $USAGE if !@queues || ( $check && $remove );
    if ( !@rt_lib && !grep { -e "$_/RT.pm" } @INC ) {
        my @roots = map { [ "$_/local/lib", "$_/lib" ] } qw(/opt/rt6 /opt/rt5);
        push @roots, map { [ "/usr/local/share/$_/lib", "/usr/share/$_/lib" ] } qw(request-tracker6 request-tracker5);
        my ($root) = grep { -e "$_->[1]/RT.pm" } @roots;
        die "install.pl: RT's modules are not in the usual places: use --rt-lib\n" unless $root;
        @rt_lib = grep { -d } @$root;
    }
    unshift @INC, @rt_lib;
}

use RT -init;

my $ACTION = 'Tell Careloop';
my $SCRIP  = 'Tell Careloop about replies, comments and changes of status';
my @FIELDS = (
    {
        Name        => 'CareloopCase',
        LookupType  => 'RT::Queue-RT::Ticket',
        Description => "Careloop's case that this ticket belongs to",
    },
    {
        Name        => 'CareloopMessage',
        LookupType  => 'RT::Queue-RT::Ticket-RT::Transaction',
        Description => 'Id of the message on the social platform',
    },
);
my $missing = 0;

# Returns true if the step must be done now: something is missing and this is no mere check.
sub todo {
    my ( $is_there, $what ) = @_;
    if ($is_there) { print "  there    $what\n"; return 0 }
    $missing++;
    print $check ? "  missing  $what\n" : "  created  $what\n";
    return !$check;
}

sub must {
    my ( $ok, $message ) = @_;
    die 'install.pl: ' . ( $message // 'RT refused without a reason' ) . "\n" unless $ok;
    return $ok;
}

sub load_queue {
    my $name  = shift;
    my $queue = RT::Queue->new( RT->SystemUser );
    $queue->Load($name);
    must( $queue->Id, "there is no queue '$name'" );
    return $queue;
}

sub slurp {
    my $file = shift;
    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar <$in> // '';
}

sub install_module {
    my $from = dirname(__FILE__) . '/CareloopWebhook.pm';
    my $dir  = ( $action_lib // $RT::LocalLibPath ) . '/RT/Action';
    my $to   = "$dir/CareloopWebhook.pm";
    return unless todo( slurp($to) eq slurp($from), "action module in $dir" );
    make_path($dir);
    must( copy( $from, $to ), "cannot write $to: $!" );
    return;
}

sub install_field {
    my ( $spec, @on ) = @_;
    my $field = RT::CustomField->new( RT->SystemUser );
    $field->LoadByName( Name => $spec->{Name}, LookupType => $spec->{LookupType}, IncludeGlobal => 1 );
    if ( todo( $field->Id, "custom field $spec->{Name}" ) ) {
        must( $field->Create( %$spec, Type => 'FreeformSingle' ) );
    }
    for my $queue (@on) {
        my $is_added = $field->Id && ( $field->IsGlobal || $field->IsAdded( $queue->Id ) );
        must( $field->AddToObject($queue) ) if todo( $is_added, "$spec->{Name} on queue " . $queue->Name );
    }
    return;
}

sub load_scrip {
    my $scrip = RT::Scrip->new( RT->SystemUser );
    $scrip->LoadByCols( Description => $SCRIP );
    return $scrip;
}

sub install_scrip {
    my @on     = @_;
    my $action = RT::ScripAction->new( RT->SystemUser );
    $action->LoadByCols( Name => $ACTION );
    if ( todo( $action->Id, "Scrip action '$ACTION'" ) ) {
        must( $action->Create(
            Name        => $ACTION,
            Description => 'POST the ids of a change, signed, to Careloop',
            ExecModule  => 'CareloopWebhook',
        ) );
    }
    my $scrip = load_scrip();
    if ( todo( $scrip->Id, 'Scrip' ) ) {
        must( $scrip->Create(
            Description    => $SCRIP,
            Queue          => $on[0]->Id,
            ScripCondition => 'On Transaction',
            ScripAction    => $ACTION,
            Template       => 'Blank',
            Stage          => 'TransactionCreate',
        ) );
    }
    for my $queue (@on) {
        my $is_added = $scrip->Id && ( $scrip->IsGlobal || $scrip->IsAdded( $queue->Id ) );
        next unless todo( $is_added, 'Scrip on queue ' . $queue->Name );
        must( $scrip->AddToObject( ObjectId => $queue->Id, Stage => 'TransactionCreate' ) );
    }
    return;
}

sub remove_scrip {
    my @on    = @_;
    my $scrip = load_scrip();
    for my $queue (@on) {
        next unless $scrip->Id && $scrip->IsAdded( $queue->Id );
        must( $scrip->RemoveFromObject( $queue->Id ) );
        print '  removed  Scrip on queue ' . $queue->Name . "\n";
    }
    return;
}

# Settings live in RT_SiteConfig.pm, which only its owner may change: say what is wrong with them.
sub warn_about_settings {
    my $url = RT->Config->Get('CareloopHookURL');
    my $file = RT->Config->Get('CareloopHookSecretFile');
    print "  note     set \$CareloopHookURL in RT_SiteConfig.pm, then restart RT\n" unless $url;
    print "  note     set \$CareloopHookSecretFile in RT_SiteConfig.pm, then restart RT\n" unless $file;
    print "  note     \$CareloopHookSecretFile names a file that cannot be read here\n" if $file && !-r $file;
    print "  note     Perl's LWP::Protocol::https is missing; https needs it\n"
        if ( $url // '' ) =~ /^https/i && !eval { require LWP::Protocol::https; 1 };
    my $name   = RT->Config->Get('CareloopBridgeUser') // 'careloop';
    for my $bridge ( ref $name ? @$name : $name ) {
        my $user = RT::User->new( RT->SystemUser );
        $user->Load($bridge);
        print "  note     there is no RT user '$bridge' (\$CareloopBridgeUser)\n" unless $user->Id;
    }
    return;
}

my @on = map { load_queue($_) } @queues;
if ($remove) {
    remove_scrip(@on);
    exit 0;
}
install_module();
install_field( $_, @on ) for @FIELDS;
install_scrip(@on);
warn_about_settings();
exit( $check && $missing ? 1 : 0 );
